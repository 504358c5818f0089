#include "core/redact.hpp"

#include <string>

#include "fuzz/fuzz_target.hpp"

using namespace mooring::core;
using mooring::fuzz::require;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool registered = (register_secret("s3cr3t-value"), true);
  const std::string text(mooring::fuzz::text_of(data, size));
  const std::string clean = redact(text);
  require(
      registered && clean.find("s3cr3t-value") == std::string::npos,
      "a registered secret never gets through"
  );
  return 0;
}
