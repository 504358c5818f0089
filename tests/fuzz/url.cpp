#include "core/url.hpp"

#include <string>

#include "fuzz/fuzz_target.hpp"

using namespace mooring::core;
using mooring::fuzz::require;

namespace {

void check(const Url& url) {
  require(!url.host.empty() && url.port != 0 && url.target.starts_with('/'), "the parts are there");
  require(url.text().find_first_of(" \r\n#") == std::string::npos, "the text fits a request line");
  const auto again = Url::parse(url.text());
  require(again && again->text() == url.text(), "the text means the same URL");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Url base = *Url::parse("https://example.com/a/b?c");
  const std::string text(mooring::fuzz::text_of(data, size));
  if (const auto url = Url::parse(text)) check(*url);
  if (const auto url = base.resolve(text)) check(*url);
  return 0;
}
