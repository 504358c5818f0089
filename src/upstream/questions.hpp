#pragma once

#include <expected>
#include <set>
#include <string>
#include <string_view>

#include "core/random.hpp"
#include "upstream/call_rounds.hpp"

namespace mooring::upstream {

/// The raw `inputResponses` to the `inputRequests` of a raw result; empty: it asks nothing. Keys in
/// `answered` are passed over. The whole response that ends the call where the answers cannot be
/// had.
awaitable<std::expected<std::string, std::string>> answers_to(
    std::string_view result, const AskCaller& ask, core::Random& random,
    std::set<std::string>* answered = nullptr
);

}  // namespace mooring::upstream
