#include "upstream/call.hpp"

#include "protocol/messages.hpp"

namespace mooring::upstream {

std::string error_response(std::string_view id, std::string_view server, const CallError& error) {
  protocol::ErrorData data;
  data.server = server;
  data.kind = error.kind;
  data.delivery = recovery::to_string(error.delivery);
  data.outcome = error.not_executed() ? "not_executed" : "unknown";
  data.retryable = error.retryable;
  if (error.retry_after) data.retry_after_ms = error.retry_after->count();
  data.recovery_id = error.recovery_id;
  data.login = error.login;
  data.advice = error.advice;
  return protocol::make_error(id, protocol::internal_error, error.message, data);
}

}  // namespace mooring::upstream
