#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::recovery {

/// What the body of an answer says, whatever its content type claims: JSON-RPC, `{"error": "…"}`,
/// `{"detail": "…"}`, problem+json, a bare JSON string, a serialised Java exception, any of these
/// as a server-sent event, HTML, text, or nothing.
struct AnswerBody {
  bool rpc_error = false;   ///< an error object with a numeric code
  bool rpc_result = false;  ///< a JSON-RPC result, whatever it says
  bool json = false;
  bool html = false;
  bool no_data = true;      ///< `error.data` is missing, null or ""
  std::optional<int> code;  ///< of the JSON-RPC error
  /// What it says to a person or a program, the most telling first. Text an application may have
  /// put into `error.data` counts only where the message itself says nothing.
  std::vector<std::string> messages;

  bool empty() const { return !json && !html && messages.empty(); }
};

AnswerBody read_answer(std::string_view body);

}  // namespace mooring::recovery
