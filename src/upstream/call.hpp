#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/boxed.hpp"
#include "core/clock.hpp"
#include "io/async.hpp"
#include "protocol/frame.hpp"
#include "recovery/failure.hpp"
#include "transport/channel.hpp"

namespace mooring::upstream {

/// A client's request on its way up, written as the legacy era writes it: what a modern server
/// wants beside that is added where it is sent. Which of the client's names and URIs are replaced.
struct CallRequest {
  const protocol::Frame* frame = nullptr;  ///< a request; outlives the call
  std::optional<std::string> name;         ///< the upstream's own name, in place of params.name
  transport::Sink* sink =
      nullptr;  ///< what the server says meanwhile, progress tokens put back; outlives the call
  io::AbortSource* abort = nullptr;  ///< the caller gave up; outlives the call
  /// Read when the abort has fired, in place of `cancel_reason`; outlives the call.
  const std::string* reason_now = nullptr;
  std::string cancel_reason;  ///< filled by whoever aborts; sent with notifications/cancelled
  // What a modern server is told of whoever calls. They outlive the call.
  std::string_view client_capabilities;   ///< raw object; empty: our own
  bool takes_tasks = false;               ///< it sees a task through, whatever they say
  std::string_view log_level;             ///< the least severe level wanted; empty: no log messages
  std::size_t stream_over = 0;            ///< larger JSON results may come as a stream; 0: never
  std::optional<core::Duration> timeout;  ///< instead of the configured one
  core::TimePoint until = core::TimePoint::max();  ///< no longer, progress or not
};

/// Why there is no answer. The words are those of CONTRACT.md, "The structured errors".
struct CallError {
  std::string kind;
  recovery::Delivery delivery = recovery::Delivery::not_sent;
  bool retryable = false;
  std::optional<core::Duration> retry_after;
  std::string recovery_id;  ///< of the recovery it waited for; empty: none
  std::string login;        ///< a person has to run this first; empty: no login is needed
  std::string message;      ///< one sentence
  std::string advice;       ///< one sentence

  bool not_executed() const {
    return delivery == recovery::Delivery::not_sent || delivery == recovery::Delivery::refused;
  }
};

/// Exactly one of the three is set. `response` and `stream` still carry `upstream_id`.
struct CallResult {
  std::optional<protocol::Frame> response;
  std::unique_ptr<transport::BodyStream> stream;
  core::Boxed<CallError> error;
  std::uint64_t generation = 0;
  bool modern = false;  ///< a server of the modern era said it
};

/// The error as the JSON-RPC response the caller gets. `id` raw.
std::string error_response(std::string_view id, std::string_view server, const CallError& error);

}  // namespace mooring::upstream
