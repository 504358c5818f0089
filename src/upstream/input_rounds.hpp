#pragma once

#include <expected>
#include <functional>
#include <string>

#include "core/random.hpp"
#include "io/worker.hpp"
#include "upstream/link.hpp"

namespace mooring::upstream {

/// Asks whoever called one thing (elicitation/create, sampling/createMessage or roots/list, with id
/// 0): the raw result of the answer, or the raw error that ends the call.
using AskCaller =
    std::function<awaitable<std::expected<std::string, std::string>>(protocol::Frame question)>;

/// Link::call for callers who are asked by requests: a modern server asks in a result
/// (`input_required`, 2026-07-28 "Multi Round-Trip Requests"), and is called again with the answers
/// until it wants no more, eight times at most. A server of the legacy era is called once.
awaitable<CallResult> call_with_input(
    io::Worker& worker, Link& link, CallRequest request, AskCaller ask, core::Random& random
);

}  // namespace mooring::upstream
