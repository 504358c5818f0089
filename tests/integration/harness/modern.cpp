#include "harness/modern.hpp"

#include <fmt/format.h>

#include "protocol/header_value.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::integration {

std::string Modern::envelope(std::string_view params, std::string_view more_meta) const {
  auto whole = protocol::with_envelope(
      params, {.version = "2026-07-28",
               .capabilities = capabilities_,
               .client_info = R"({"name":"test","version":"1"})",
               .log_level = {}}
  );
  protocol::for_each_member(more_meta, [&](std::string_view key, std::string_view value) {
    whole = protocol::with_meta(whole, protocol::unescape(key), value);
    return true;
  });
  return whole;
}

Headers Modern::headers(std::string_view method, std::string_view name) {
  Headers all = {
      {"Accept", "application/json, text/event-stream"},
      {"Content-Type", "application/json"},
      {"MCP-Protocol-Version", "2026-07-28"},
      {"Mcp-Method", std::string(method)},
  };
  if (!name.empty()) all.emplace_back("Mcp-Name", protocol::encode_header_value(name));
  return all;
}

Response Modern::post(std::string body, Headers headers, bool fresh) {
  return client_.send("POST", url_, std::move(headers), std::move(body), fresh);
}

Exchange Modern::start(std::string_view method, std::string_view params) {
  ++last_;
  const auto param = protocol::name_param(method);
  const auto name = param.empty() ? std::string() : protocol::string_member(params, param);
  auto sent = headers(method, name);
  if (!token_.empty()) sent.emplace_back("Authorization", "Bearer " + token_);
  return client_.open(
      "POST", url_, std::move(sent), protocol::make_request(last_id(), method, envelope(params))
  );
}

json::value Modern::call(std::string_view method, std::string_view params) {
  auto exchange = start(method, params);
  return exchange.response(last_id());
}

json::value Modern::tool(std::string_view name, std::string_view arguments) {
  return call("tools/call", fmt::format(R"({{"name":"{}","arguments":{}}})", name, arguments));
}

json::value Modern::retry(
    std::string_view method, std::string_view params, const json::value& asked,
    std::string_view responses
) {
  auto whole = protocol::with_member(params, "inputResponses", responses);
  const auto state = at(asked, "/result/requestState");
  if (!state.is_null())
    whole = protocol::with_member(whole, "requestState", json::serialize(state));
  return call(method, whole);
}

std::string only_key(const json::value& asked) {
  const auto requests = at(asked, "/result/inputRequests");
  if (!requests.is_object() || requests.as_object().size() != 1) return {};
  return std::string(requests.as_object().begin()->key());
}

std::string answers(const json::value& asked, std::string_view answer) {
  return fmt::format(R"({{"{}":{}}})", only_key(asked), answer);
}

}  // namespace mooring::integration
