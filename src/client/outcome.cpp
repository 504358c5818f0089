#include "client/outcome.hpp"

#include <fmt/format.h>

#include <charconv>

#include "protocol/json_scan.hpp"

namespace mooring::client {

namespace {

Reason reason_of(std::string_view kind, bool not_executed) {
  if (kind == "cancelled") return Reason::cancelled;
  if (kind == "auth") return Reason::login_needed;
  if (kind == "other" && not_executed) return Reason::rejected;
  if (not_executed) return Reason::unavailable;
  return kind == "timeout" ? Reason::timeout : Reason::unknown_outcome;
}

/// "message; advice", one sentence of two.
std::string with_advice(std::string message, std::string_view advice) {
  while (advice.ends_with('.')) advice.remove_suffix(1);
  if (advice.empty()) return message;
  message += "; ";
  const bool capital = advice[0] >= 'A' && advice[0] <= 'Z';
  message += capital ? static_cast<char>(advice[0] - 'A' + 'a') : advice[0];
  message += advice.substr(1);
  return message;
}

std::optional<std::chrono::milliseconds> milliseconds(std::string_view raw) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  return std::chrono::milliseconds(value);
}

}  // namespace

Error to_error(const upstream::CallError& error) {
  return {
      reason_of(error.kind, error.not_executed()), with_advice(error.message, error.advice),
      error.retry_after
  };
}

Error to_error(std::string_view rpc_error) {
  const auto message = protocol::string_member(rpc_error, "message");
  const auto data = protocol::member(rpc_error, "data").value_or("{}");
  if (const auto ours = protocol::member(data, "mooring"); ours && protocol::is_object(*ours)) {
    const bool not_executed = protocol::string_member(*ours, "outcome") == "not_executed";
    Error error;
    error.reason = reason_of(protocol::string_member(*ours, "kind"), not_executed);
    error.detail = with_advice(message, protocol::string_member(*ours, "advice"));
    error.retry_after =
        milliseconds(protocol::member(*ours, "retry_after_ms").value_or(std::string_view{}));
    return error;
  }
  const auto code = protocol::member(rpc_error, "code").value_or("0");
  return {Reason::rejected, fmt::format("{}: {}", code, message), std::nullopt};
}

Error to_connect_error(std::string_view server, std::string_view last_error, bool refused) {
  return {
      refused ? Reason::login_needed : Reason::unavailable,
      fmt::format("{}: {}", server, last_error), std::nullopt
  };
}

}  // namespace mooring::client
