#include "protocol/param_headers.hpp"

#include <algorithm>
#include <string>

#include "fuzz/fuzz_target.hpp"
#include "protocol/header_value.hpp"
#include "protocol/json_scan.hpp"

using namespace mooring::protocol;
using mooring::fuzz::require;

/// A line of a header, then an input schema whose arguments are the schema itself.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = mooring::fuzz::text_of(data, size);
  const auto line = input.substr(0, input.find('\n'));
  if (const auto text = decode_header_value(line)) {
    require(decode_header_value(encode_header_value(*text)) == text, "a text comes back");
  }
  const auto schema = input.substr(std::min(size, line.size() + 1));
  if (validate(schema)) return 0;
  const auto headers = param_headers(schema);
  if (!headers) return 0;
  for (const auto& header : *headers) {
    const auto text = header_text(header, schema);
    if (text)
      require(agrees(header, encode_header_value(*text), *text), "a text agrees with itself");
  }
  return 0;
}
