#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/random.hpp"
#include "core/timers.hpp"
#include "upstream/call_rounds.hpp"

namespace mooring::upstream {

/// Puts what modern servers ask in a result (`inputRequests`) to a caller who is asked by requests.
class Questions {
 public:
  /// `server` asks. Nobody is asked anything any more at `until`.
  Questions(
      std::string server, AskCaller ask, core::Random& random, core::Timers& timers,
      core::TimePoint until
  )
      : server_(std::move(server)),
        ask_(std::move(ask)),
        random_(random),
        timers_(timers),
        until_(until) {}

  /// The raw `inputResponses` to the questions of a raw result, asked one after the other, sixteen
  /// at most; empty: it asks nothing. What the call ends with where the answers cannot be had. Who
  /// was asked before under a key of `known` is not asked again.
  awaitable<std::expected<std::string, CallResult>> answer(
      std::string result, std::map<std::string, std::string>& known
  );

 private:
  std::string server_;
  AskCaller ask_;
  core::Random& random_;
  core::Timers& timers_;
  core::TimePoint until_;
};

}  // namespace mooring::upstream
