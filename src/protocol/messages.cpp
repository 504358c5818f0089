#include "protocol/messages.hpp"

#include <fmt/format.h>

#include "core/json_quote.hpp"
#include "core/redact.hpp"
#include "protocol/json_cursor.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::protocol {
namespace {

/// The arguments are raw JSON that others wrote and may be spread over lines.
void append_raw(std::string& out, std::string_view json) {
  if (is_one_line(json)) {
    out.append(json);
  } else {
    out.append(one_line(json));
  }
}

std::string begin(std::string_view id, std::size_t rest) {
  std::string out;
  out.reserve(rest + id.size() + 96);
  out = R"({"jsonrpc":"2.0")";
  if (!id.empty()) {
    out += R"(,"id":)";
    append_raw(out, id);
  }
  return out;
}

void append_method(std::string& out, std::string_view method, std::string_view params) {
  out += R"(,"method":)";
  core::append_json_quoted(out, method);
  if (!params.empty()) {
    out += R"(,"params":)";
    append_raw(out, params);
  }
  out += '}';
}

void append_text_or_null(std::string& out, std::string_view key, std::string_view value) {
  out.append(",\"").append(key).append("\":");
  if (value.empty()) {
    out += "null";
  } else {
    core::append_json_quoted(out, value);
  }
}

/// Every key is there in every error, so that a reader needs one shape only.
std::string to_json(const ErrorData& data) {
  std::string out = R"({"mooring":{"server":)";
  core::append_json_quoted(out, data.server);
  append_text_or_null(out, "kind", data.kind);
  append_text_or_null(out, "delivery", data.delivery);
  append_text_or_null(out, "outcome", data.outcome);
  out.append(",\"retryable\":").append(data.retryable ? "true" : "false");
  out += ",\"retry_after_ms\":";
  out += data.retry_after_ms ? std::to_string(*data.retry_after_ms) : "null";
  append_text_or_null(out, "recovery_id", data.recovery_id);
  if (!data.login.empty()) {
    out += ",\"needs_reauth\":true";
    append_text_or_null(out, "login", data.login);
  }
  append_text_or_null(out, "advice", core::redact(data.advice));
  return out += "}}";
}

}  // namespace

std::string make_request(std::string_view id, std::string_view method, std::string_view params) {
  std::string out = begin(id, method.size() + params.size());
  append_method(out, method, params);
  return out;
}

std::string make_notification(std::string_view method, std::string_view params) {
  return make_request({}, method, params);
}

std::string make_result(std::string_view id, std::string_view result) {
  std::string out = begin(id, result.size());
  out += R"(,"result":)";
  append_raw(out, result);
  return out += '}';
}

std::string make_result_of(std::string_view id, std::span<const std::string_view> pieces) {
  std::size_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  std::string out = begin(id, size);
  out += R"(,"result":)";
  for (const auto piece : pieces) out += piece;
  return out += '}';
}

std::string make_error(std::string_view id, int code, std::string_view message) {
  return make_error_with(id, code, message, {});
}

std::string make_error(
    std::string_view id, int code, std::string_view message, const ErrorData& data
) {
  return make_error_with(id, code, message, to_json(data));
}

std::string make_error_with(
    std::string_view id, int code, std::string_view message, std::string_view data
) {
  std::string out = begin(id, message.size() + data.size());
  fmt::format_to(std::back_inserter(out), R"(,"error":{{"code":{},"message":)", code);
  core::append_json_quoted(out, core::redact(message));
  if (!data.empty()) {
    out += R"(,"data":)";
    append_raw(out, data);
  }
  return out += "}}";
}

std::optional<std::string_view> error_of(std::string_view response) {
  std::optional<std::string_view> error;
  const auto begin = cursor::skip_space(response, 0);
  if (!is_object(response.substr(begin))) return error;
  cursor::walk(response, begin, [&](std::size_t key, std::size_t key_end, std::size_t value) {
    const auto name = response.substr(key, key_end - key);
    if (cursor::key_is(name, "result")) return cursor::stop;
    const auto end = cursor::skip_value(response, value);
    if (!cursor::key_is(name, "error")) return end;
    error = response.substr(value, end - value);
    return cursor::stop;
  });
  return error;
}

}  // namespace mooring::protocol
