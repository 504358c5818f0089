#include "protocol/line_framer.hpp"

#include <string>
#include <vector>

#include "fuzz/fuzz_target.hpp"

using mooring::fuzz::require;
using mooring::protocol::LineFramer;

namespace {

constexpr std::size_t limit = 16;

std::vector<std::string> drained(LineFramer& framer) {
  std::vector<std::string> out;
  while (auto line = framer.next()) out.push_back(std::move(*line));
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = mooring::fuzz::text_of(data, size);
  LineFramer whole(limit);
  whole.feed(text);
  LineFramer cut(limit);
  std::vector<std::string> cut_lines;
  mooring::fuzz::in_pieces(text, [&](std::string_view piece) {
    cut.feed(piece);
    for (std::string& line : drained(cut)) cut_lines.push_back(std::move(line));
    return true;
  });
  const auto lines = drained(whole);
  require(lines == cut_lines, "cuts do not change the lines");
  require(whole.dropped() == cut.dropped(), "cuts do not change what is dropped");
  for (const std::string& line : lines) {
    require(!line.empty() && line.size() <= limit, "lines are neither empty nor too long");
    require(line.find('\n') == std::string::npos, "lines have no line breaks");
  }
  return 0;
}
