#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::chaos {

/// Cuts an event stream into its events, byte for byte as they came, each with the empty line that
/// ends it.
class EventSplitter {
 public:
  void feed(std::string_view bytes) { rest_.append(bytes); }
  /// The next whole event.
  std::optional<std::string> next();
  /// What is left of an event that never ended.
  const std::string& rest() const { return rest_; }

 private:
  std::string rest_;
  std::size_t line_ = 0;  ///< where the line begins that has not ended yet
};

/// The data of one event; empty where it has none (a comment, a priming event).
std::string data_of(std::string_view event);
/// The same event with other data; its name and id stay.
std::string with_data(std::string_view event, std::string_view data);

}  // namespace mooring::chaos
