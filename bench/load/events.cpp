#include "load/events.hpp"

namespace mooring::bench {

namespace {

/// The value, where `line` is that field.
std::optional<std::string_view> value_of(std::string_view line, std::string_view field) {
  if (!line.starts_with(field)) return std::nullopt;
  line.remove_prefix(field.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

std::optional<Event> next_event(std::string_view& rest, std::string& joined) {
  Event event;
  int lines = 0;
  for (std::string_view left = rest; !left.empty();) {
    const auto end = left.find('\n');
    if (end == std::string_view::npos) break;
    auto line = left.substr(0, end);
    left.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      rest = left;
      if (lines > 0) return event;
      event = {};
    } else if (const auto name = value_of(line, "event:")) {
      event.name = *name;
    } else if (const auto data = value_of(line, "data:")) {
      if (lines++ == 0) {
        event.data = *data;
      } else {
        if (lines == 2) joined = event.data;
        joined.append("\n").append(*data);
        event.data = joined;
      }
    }
  }
  return std::nullopt;
}

}  // namespace mooring::bench
