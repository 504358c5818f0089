#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mooring::protocol {

inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
inline constexpr int resource_not_found = -32002;

/// What Mooring adds to errors of its own, as `error.data.mooring` (CONTRACT.md, "The structured
/// errors").
struct ErrorData {
  // NOLINTBEGIN(readability-redundant-member-init): without them -Wextra wants all of them named
  std::string server{};
  std::string kind{};      ///< session_lost, transient, timeout, unavailable, …
  std::string delivery{};  ///< not_sent, refused, unknown, answered
  std::string outcome{};   ///< not_executed, unknown
  bool retryable = false;
  std::optional<std::int64_t> retry_after_ms{};
  std::string recovery_id{};
  std::string login{};   ///< the command with which a person signs in; empty: no login is needed
  std::string advice{};  ///< one sentence: what a person or model should do next
  // NOLINTEND(readability-redundant-member-init)
};

// All `id`, `params`, `result`, `data` arguments are raw JSON. An empty id is left out of the
// message. Every message is one line; the texts of errors pass core::redact.
std::string make_request(
    std::string_view id, std::string_view method, std::string_view params = {}
);
std::string make_notification(std::string_view method, std::string_view params = {});
std::string make_result(std::string_view id, std::string_view result);
/// The same of a result in pieces, which hold no line breaks.
std::string make_result_of(std::string_view id, std::span<const std::string_view> pieces);
std::string make_error(std::string_view id, int code, std::string_view message);
std::string make_error(
    std::string_view id, int code, std::string_view message, const ErrorData& data
);
/// `data` raw JSON.
std::string make_error_with(
    std::string_view id, int code, std::string_view message, std::string_view data
);

/// The raw error of a response that is valid, or our own; empty: it is a result, which is not read
/// through.
std::optional<std::string_view> error_of(std::string_view response);

}  // namespace mooring::protocol
