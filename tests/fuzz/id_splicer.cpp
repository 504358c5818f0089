#include "protocol/id_splicer.hpp"

#include <string>

#include "fuzz/fuzz_target.hpp"
#include "protocol/frame.hpp"

using namespace mooring::protocol;
using mooring::fuzz::require;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = mooring::fuzz::text_of(data, size);
  IdSplicer whole("\"new\"");
  std::string out;
  const bool ok = whole.feed(text, out);
  IdSplicer cut("\"new\"");
  std::string cut_out;
  bool cut_ok = true;
  mooring::fuzz::in_pieces(text, [&](std::string_view piece) {
    return cut_ok = cut.feed(piece, cut_out);
  });
  require(ok == cut_ok, "cuts do not change the verdict");
  require(!ok || out == cut_out, "cuts do not change the output");
  require(whole.complete() == cut.complete(), "cuts do not change completeness");
  require(!ok || out.find_first_of("\r\n") == std::string::npos, "the output is one line");

  const auto frame = Frame::parse(std::string(text));
  if (!frame || !frame->id_span()) return 0;
  require(ok && whole.complete(), "every message with an id is spliced");
  const auto spliced = Frame::parse(out);
  require(
      spliced.has_value() && spliced->id() == "\"new\"", "the new id stands in a sound message"
  );
  require(one_line(spliced->result()).size() <= frame->result().size(), "the rest keeps its size");
  require(
      spliced->method() == frame->method() && spliced->name() == frame->name(), "and its meaning"
  );
  return 0;
}
