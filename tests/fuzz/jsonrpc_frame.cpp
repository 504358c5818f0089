#include <string>

#include "fuzz/fuzz_target.hpp"
#include "protocol/frame.hpp"
#include "protocol/json_scan.hpp"

using namespace mooring::protocol;
using mooring::fuzz::require;

namespace {

void check_scans(const std::string& text) {
  for_each_member(text, [](std::string_view key, std::string_view value) {
    require(!validate(key) && !validate(value), "members of valid JSON are valid");
    return true;
  });
  for_each_element(text, [](std::string_view value) {
    require(!validate(value), "elements of valid JSON are valid");
    return true;
  });
  require(!validate(one_line(text)), "one line is still JSON");
  const std::string with = with_member(text, "key", "[7]");
  require(!validate(with) && member(with, "key") == "[7]", "what was set is there");
  const std::string without = without_member(with, "key");
  require(!validate(without) && !member(without, "key"), "what was removed is gone");
}

void check_frame(const Frame& frame) {
  for (const Span span :
       {frame.id_span(), frame.params_span(), frame.name_span(), frame.uri_span(),
        frame.meta_span(), frame.progress_token_span(), frame.request_id_span()}) {
    require(std::size_t{span.begin} + span.size <= frame.bytes().size(), "spans stay inside");
    require(!span || !validate(frame.view(span)), "spans are values");
  }
  const auto again = Frame::parse(frame.spliced({{frame.id_span(), "\"spliced\""}}));
  require(again.has_value(), "a spliced frame is a frame");
  require(again->kind() == frame.kind(), "and of the same kind");
  require(again->id() == (frame.id_span() ? "\"spliced\"" : ""), "with the new id");
  require(
      again->method() == frame.method() && again->params() == frame.params(),
      "and otherwise the same"
  );
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(mooring::fuzz::text_of(data, size));
  const bool valid = !validate(text);
  require(
      valid == !validate(std::string(4096, ' ') + text),
      "white space before it changes nothing, nor does being large"
  );
  if (valid) check_scans(text);
  const auto frame = Frame::parse(text);
  require(!frame || valid, "frames are valid JSON");
  if (frame) check_frame(*frame);
  if (const auto parts = split_batch(text)) {
    for (const std::string& part : *parts) require(!validate(part), "parts of a batch are valid");
  }
  return 0;
}
