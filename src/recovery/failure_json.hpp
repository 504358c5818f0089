#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "recovery/failure.hpp"

namespace mooring::recovery {

/// A failure as people and scripts write it down (`mooring explain`, the corpora of the tests).
struct WrittenFailure {
  Failure failure;
  std::string id;  ///< raw JSON token of the object's `id`; empty without one
};

/// Reads `{"phase", "method", "http_status", "headers", "body", "sent_session_id", "layer",
/// "message", "cancelled", "transport": {"stage", "bytes_sent", "error", "processed"}}`, or an
/// object that holds it under `failure`. What is left out has its likeliest value (`post`,
/// `tools/call`, a session id was sent); what is unknown is passed over; what has the wrong type is
/// an error, said in one sentence.
std::expected<WrittenFailure, std::string> read_failure(std::string_view json);

}  // namespace mooring::recovery
