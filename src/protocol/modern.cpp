#include "protocol/modern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "protocol/json_scan.hpp"

namespace mooring::protocol {
namespace {

constexpr std::array<std::string_view, 8> log_levels = {"debug", "info",     "notice", "warning",
                                                        "error", "critical", "alert",  "emergency"};
constexpr std::array envelope_keys = {
    meta_protocol_version, meta_client_capabilities, meta_client_info, meta_log_level
};

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

std::string without_keys_of_meta(std::string_view object, std::span<const std::string_view> keys) {
  const auto given = member(object, "_meta");
  if (!given || !is_object(*given)) return std::string(object);
  std::string meta(*given);
  for (const auto key : keys) meta = without_member(meta, key);
  bool empty = true;
  for_each_member(meta, [&](std::string_view, std::string_view) { return empty = false; });
  return empty ? without_member(object, "_meta") : with_member(object, "_meta", meta);
}

}  // namespace

bool claims_modern(const Frame& frame) {
  return !frame.meta().empty() && member(frame.meta(), meta_protocol_version).has_value();
}

std::expected<Envelope, std::string> read_envelope(const Frame& frame) {
  const auto missing = [](std::string_view key) {
    return std::unexpected(fmt::format("Missing or invalid _meta {}", key));
  };
  Envelope envelope;
  const auto version = member(frame.meta(), meta_protocol_version);
  if (!version || !is_string(*version)) return missing(meta_protocol_version);
  envelope.version = unescape(*version);
  const auto capabilities = member(frame.meta(), meta_client_capabilities);
  if (!capabilities || !is_object(*capabilities)) return missing(meta_client_capabilities);
  envelope.capabilities = one_line(*capabilities);
  if (const auto info = member(frame.meta(), meta_client_info)) {
    if (!is_object(*info)) return missing(meta_client_info);
    envelope.client_info = one_line(*info);
  }
  if (const auto level = member(frame.meta(), meta_log_level)) {
    envelope.log_level = unescape(*level);
    if (!is_one_of(envelope.log_level, log_levels)) return missing(meta_log_level);
  }
  return envelope;
}

std::string with_meta(std::string_view object, std::string_view key, std::string_view value) {
  if (!is_object(object)) object = "{}";
  const auto meta = member(object, "_meta");
  const auto whole = meta && is_object(*meta) ? *meta : std::string_view("{}");
  return with_member(object, "_meta", with_member(whole, key, value));
}

std::string with_envelope(std::string_view params, const Envelope& envelope) {
  if (!is_object(params)) params = "{}";
  const auto given = member(params, "_meta");
  std::string meta(given && is_object(*given) ? *given : std::string_view("{}"));
  meta = with_member(meta, meta_protocol_version, quote(envelope.version));
  meta = with_member(meta, meta_client_capabilities, envelope.capabilities);
  if (!envelope.client_info.empty())
    meta = with_member(meta, meta_client_info, envelope.client_info);
  meta = envelope.log_level.empty() ? without_member(meta, meta_log_level)
                                    : with_member(meta, meta_log_level, quote(envelope.log_level));
  return with_member(params, "_meta", meta);
}

std::string without_envelope(std::string_view params) {
  return without_keys_of_meta(params, envelope_keys);
}

std::string without_meta(std::string_view object, std::string_view key) {
  return without_keys_of_meta(object, std::array{key});
}

std::string_view name_param(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  if (method == "resources/read") return "uri";
  if (method == "tasks/get" || method == "tasks/update" || method == "tasks/cancel")
    return "taskId";
  return {};
}

bool is_cacheable(std::string_view method) {
  constexpr std::array<std::string_view, 6> cacheable = {
      "server/discover", "tools/list",     "prompts/list",
      "resources/list",  "resources/read", "resources/templates/list"
  };
  return is_one_of(method, cacheable);
}

bool may_require_input(std::string_view method) {
  constexpr std::array<std::string_view, 3> may = {"tools/call", "prompts/get", "resources/read"};
  return is_one_of(method, may);
}

bool is_removed(std::string_view method) {
  constexpr std::array<std::string_view, 5> removed = {
      "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"
  };
  return is_one_of(method, removed);
}

std::string result_type(std::string_view result) {
  const auto type = member(result, "resultType");
  return type ? unescape(*type) : "complete";
}

std::string as_modern_result(std::string_view method, std::string_view result) {
  std::string modern(result);
  if (!member(modern, "resultType")) modern = with_member(modern, "resultType", R"("complete")");
  if (!is_cacheable(method) || result_type(modern) != "complete") return modern;
  if (!member(modern, "ttlMs")) modern = with_member(modern, "ttlMs", "0");
  if (!member(modern, "cacheScope")) modern = with_member(modern, "cacheScope", R"("private")");
  return modern;
}

std::string as_legacy_result(std::string_view result) {
  std::string legacy(result);
  for (const std::string_view key : {"resultType", "ttlMs", "cacheScope"}) {
    if (member(legacy, key)) legacy = without_member(legacy, key);
  }
  return legacy;
}

}  // namespace mooring::protocol
