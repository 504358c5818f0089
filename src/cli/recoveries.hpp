#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/time_text.hpp"
#include "recovery/episode.hpp"

/// Recoveries as `mooring status` shows them.
namespace mooring::cli {

using Episodes = std::vector<recovery::Episode>;

/// The episodes under `key` of a body of the gateway's API, as they come; empty where it is none.
Episodes episodes_in(std::string_view body, std::string_view key);

/// "last 24 hours: 12 recoveries (11 healed, 1 parked); calls: 31 saved, 0 lost, 2 unknown". Where
/// `episodes` (newest first) are only the latest of more, and all of that time: "since 14:05:09:
/// …".
std::string recovery_summary(const Episodes& episodes, bool more, Moment now);
/// One line each, newest first: when, whose, why, how it ended, how long it took, what became of
/// the calls. `width` as in table().
std::string recovery_table(
    const Episodes& episodes, bool with_server, std::size_t width, Moment now
);
/// Every step of one.
std::string recovery_steps(const recovery::Episode& episode, std::size_t width, Moment now);

}  // namespace mooring::cli
