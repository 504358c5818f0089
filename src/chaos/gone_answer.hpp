#pragma once

#include "chaos/expiry_dialect.hpp"
#include "core/timers.hpp"
#include "io/http_server.hpp"

namespace mooring::chaos {

/// Answers a request on a session that is gone as the dialect's servers do. False: nothing was
/// said, because the request is an `initialize` and begins a session of its own.
awaitable<bool> answer_gone(
    io::HttpExchange& exchange, const ExpiryDialect& dialect, core::Timers& timers
);

}  // namespace mooring::chaos
