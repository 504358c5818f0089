#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mooring::bench {

/// One server-sent event, in views into what it was read from.
struct Event {
  std::string_view name;  ///< empty where the event has none
  std::string_view data;
};

/// Takes the next whole event with data from the front of `rest`; an event that has not ended yet
/// stays. Data of several lines lies in `joined`.
std::optional<Event> next_event(std::string_view& rest, std::string& joined);

}  // namespace mooring::bench
