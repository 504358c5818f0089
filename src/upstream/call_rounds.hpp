#pragma once

#include <expected>
#include <functional>
#include <string>

#include "core/random.hpp"
#include "io/worker.hpp"
#include "upstream/link.hpp"

namespace mooring::upstream {

/// Asks whoever called one thing (elicitation/create, sampling/createMessage or roots/list, with id
/// 0), for `until` at most: the raw result of the answer, or the raw error that ends the call.
using AskCaller = std::function<awaitable<std::expected<std::string, std::string>>(
    protocol::Frame question, core::TimePoint until
)>;

/// Link::call for callers who know calls as the legacy era does: they are asked by requests, and an
/// answer is final. A modern server may ask in a result (`input_required`, 2026-07-28 "Multi
/// Round-Trip Requests"): it is called again with the answers, eight times at most. It may answer
/// with a task (extension io.modelcontextprotocol/tasks): that is seen through to its end, for
/// `timeout_max` at most, and cancelled where the caller gives up. What fails after the first
/// result is never told not to have run. A server of the legacy era is called once.
awaitable<CallResult> call_to_its_end(
    io::Worker& worker, Link& link, CallRequest request, AskCaller ask, core::Random& random
);

// The same in its parts, for who makes nothing ready that nearly no call needs:
/// Before the first Link::call, with `now`: one deadline for all rounds.
void begin_rounds(CallRequest& request, const Link& link, core::TimePoint now);
/// The result is not the end.
bool goes_on(const CallResult& result);
/// What the call comes to after that `first` result. `link` outlives it.
awaitable<CallResult> rounds_after(
    CallResult first, io::Worker& worker, Link& link, CallRequest request, AskCaller ask,
    core::Random& random
);

}  // namespace mooring::upstream
