#pragma once

#include <string>
#include <string_view>

#include "recovery/classify.hpp"
#include "upstream/call.hpp"
#include "upstream/snapshot.hpp"

/// What a caller is told when there is no answer: each says what happened, whether the call ran,
/// and what to do next (CONTRACT.md, "The structured errors").
namespace mooring::upstream {

/// No session came in time.
CallError unavailable(std::string_view server, const Snapshot& snapshot, core::TimePoint now);
/// A person has to sign in first; `command` does that.
void ask_for_login(CallError& error, std::string_view command);
/// The circuit breaker is open.
CallError breaker_open(std::string_view server, const Snapshot& snapshot, core::TimePoint now);
/// The server asked for a pause.
CallError asked_to_wait(std::string_view server, core::Duration left);
CallError timed_out(
    std::string_view server, std::string_view method, core::Duration timeout,
    recovery::Delivery delivery
);
/// The call was begun there, and does not come to its end.
CallError undone(std::string_view server, std::string_view what);
CallError cancelled(std::string_view server, std::string_view method, recovery::Delivery delivery);
/// The session was ended on purpose while the call ran. `harmless`: it may be sent again all the
/// same.
CallError session_ended(
    std::string_view server, std::string_view method, recovery::Delivery delivery, bool harmless
);
/// The last try certainly did not run, but an earlier one may have. `harmless`: it may be sent
/// again all the same.
CallError ran_earlier(CallError error, bool harmless);
/// What was concluded of `failure`; `because`: why it was not repeated.
CallError failed(
    std::string_view server, const recovery::Failure& failure,
    const recovery::Conclusion& conclusion, recovery::Delivery delivery, std::string_view because,
    std::optional<core::Duration> retry_after
);

}  // namespace mooring::upstream
