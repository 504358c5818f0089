#include "gateway/answer_eras.hpp"

#include <charconv>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

namespace {

constexpr int url_elicitation_required = -32042;

std::string with_code(std::string_view response, std::string_view error, int code) {
  return protocol::with_member(
      response, "error", protocol::with_member(error, "code", std::to_string(code))
  );
}

int code_of(std::string_view error) {
  const auto code = protocol::member(error, "code").value_or("0");
  int number = 0;
  std::from_chars(code.data(), code.data() + code.size(), number);
  return number;
}

/// Of the specification's own, from 2026-07-28 on (-32099 … -32020).
bool is_modern_code(int code) { return code >= -32099 && code <= protocol::header_mismatch; }

bool is_empty(std::string_view object) {
  bool empty = true;
  protocol::for_each_member(object, [&](std::string_view, std::string_view) {
    return empty = false;
  });
  return empty;
}

/// Every capability that is required is one that is had, down to its parts ("elicitation" by
/// "url"). Elicitation without a word on its parts is that by form.
bool covers(std::string_view had, std::string_view required) {
  bool all = true;
  protocol::for_each_member(required, [&](std::string_view name, std::string_view parts) {
    const auto key = protocol::unescape(name);
    const auto found = protocol::member(had, key);
    if (!found) return all = key == "form" && is_empty(had);
    return all =
               !protocol::is_object(parts) || !protocol::is_object(*found) || covers(*found, parts);
  });
  return all;
}

bool has_what_is_missed(const ClientSession& client, std::string_view error) {
  const auto data = protocol::member(error, "data").value_or("{}");
  const auto required = protocol::member(data, "requiredCapabilities");
  return required && protocol::is_object(*required) && covers(client.capabilities, *required);
}

}  // namespace

std::string legacy_for_modern(std::string response, bool elicits) {
  if (const auto error = protocol::error_of(response)) {
    const auto code = code_of(*error);
    const bool unwanted = code == url_elicitation_required ? !elicits : is_modern_code(code);
    return unwanted ? with_code(response, *error, protocol::internal_error) : response;
  }
  const auto result = protocol::member(response, "result");
  if (!result || !protocol::is_object(*result)) return response;
  auto plain = protocol::as_legacy_result(*result);
  return plain == *result ? response : protocol::with_member(response, "result", plain);
}

std::string modern_for_modern(std::string response, const ClientSession& client) {
  const auto error = protocol::error_of(response);
  if (!error) return response;
  const auto code = code_of(*error);
  const bool ours =
      code == protocol::header_mismatch || code == protocol::unsupported_protocol_version ||
      (code == protocol::missing_client_capability && has_what_is_missed(client, *error));
  return ours ? with_code(response, *error, protocol::internal_error) : response;
}

std::string modern_for_legacy(std::string response, std::string_view method) {
  if (const auto error = protocol::error_of(response)) {
    const auto code = code_of(*error);
    if (is_modern_code(code)) return with_code(response, *error, protocol::internal_error);
    const auto data = protocol::member(*error, "data").value_or("{}");
    const bool not_found = method == "resources/read" && code == protocol::invalid_params &&
                           protocol::is_object(data) && protocol::member(data, "uri");
    return not_found ? with_code(response, *error, protocol::resource_not_found) : response;
  }
  const auto result = protocol::member(response, "result");
  if (!result || !protocol::is_object(*result)) return response;
  auto plain = protocol::as_legacy_result(*result);
  const auto structured = protocol::member(plain, "structuredContent");
  if (structured && !protocol::is_object(*structured))
    plain = protocol::without_member(plain, "structuredContent");
  return protocol::with_member(response, "result", plain);
}

std::optional<std::string> tool_for_legacy(std::string_view tool) {
  const auto schema = protocol::member(tool, "outputSchema");
  if (!schema || protocol::string_member(*schema, "type") == "object") return std::nullopt;
  return protocol::without_member(tool, "outputSchema");
}

std::string tools_for_legacy(std::string result) {
  const auto tools = protocol::member(result, "tools").value_or("[]");
  std::string all = "[";
  bool changed = false;
  protocol::for_each_element(tools, [&](std::string_view tool) {
    const auto other = tool_for_legacy(tool);
    if (all.size() > 1) all += ',';
    all += other ? std::string_view(*other) : tool;
    changed = changed || other;
    return true;
  });
  return changed ? protocol::with_member(result, "tools", all + "]") : result;
}

}  // namespace mooring::gateway
