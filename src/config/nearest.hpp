#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::config {

/// How many insertions, deletions, replacements and swaps of neighbours lead from one text to the
/// other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known key that was probably meant by `written`, case and separators ignored; nothing when
/// none is close. Where `known` holds paths ("breaker.failures"), their last part is compared too.
std::optional<std::string> nearest_key(
    std::string_view written, const std::vector<std::string>& known
);

}  // namespace mooring::config
