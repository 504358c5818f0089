#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chaos/expiry_dialect.hpp"
#include "exchange.hpp"

/// What a transport reports of an answer or a broken connection, as the real ones do.
namespace mooring::simulation {

transport::Outcome answered(const Exchange& exchange, std::string_view result);
/// Over HTTP: whatever came as an answer, read the way the HTTP channel reads it.
transport::Outcome http_answer(
    const Exchange& exchange, int status, std::string_view content_type, std::string body,
    std::vector<std::pair<std::string, std::string>> headers = {}
);
transport::Outcome expired(const Exchange& exchange, const chaos::ExpiryDialect& dialect);
/// The GET stream of a session that is gone.
transport::ListenEnd stream_expired(const chaos::ExpiryDialect& dialect, bool with_session);

recovery::Failure not_sent(const Exchange& exchange, recovery::Stage stage, std::string error);
recovery::Failure broken(const Exchange& exchange, recovery::Stage stage, std::string error);
/// Of an event stream, or of a process whose stdout ended.
recovery::Failure stream_broken(recovery::Stage stage, std::string error);
recovery::Failure given_up(const Exchange& exchange);
transport::Outcome outcome(recovery::Failure failure);

/// Code and message of a JSON-RPC error, as one string; empty: it has none.
std::string words_of_error(std::string_view error);
std::string words_in(const transport::Outcome& outcome);

/// True: nobody can tell from this refusal alone that the session is meant.
bool is_odd(const chaos::ExpiryDialect& dialect);

}  // namespace mooring::simulation
