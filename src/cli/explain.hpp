#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace mooring::cli {

struct ExplainCommand {
  bool jsonl = false;  ///< a failure a line
};

/// `mooring explain`: reads failures from stdin and prints what Mooring would conclude from each,
/// as one line of JSON. Lines that hold none are told on stderr and passed over; then the exit
/// code is `usage`.
int explain(const ExplainCommand& command);

/// The line for one failure, or what is wrong with it.
std::expected<std::string, std::string> explained(std::string_view failure);

}  // namespace mooring::cli
