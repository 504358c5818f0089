#include "server/modern_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "protocol/header_value.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::server {

using protocol::Frame;

namespace {

constexpr std::string_view param_prefix = "mcp-param-";

std::string mismatch(const Frame& request, std::string_view what) {
  return protocol::make_error(
      request.id(), protocol::header_mismatch, fmt::format("Header mismatch: {}", what)
  );
}

}  // namespace

std::expected<gateway::ClientSession, ModernRefusal> modern_session(
    const Frame& request, std::string key, std::string endpoint, std::string principal
) {
  auto envelope = protocol::read_envelope(request);
  if (!envelope) {
    return std::unexpected(
        protocol::make_error(request.id(), protocol::invalid_params, envelope.error())
    );
  }
  const auto version = protocol::parse_version(envelope->version);
  if (!version || !protocol::is_modern(*version)) {
    return std::unexpected(protocol::make_error_with(
        request.id(), protocol::unsupported_protocol_version, "Unsupported protocol version",
        fmt::format(
            R"({{"supported":["{}"],"requested":{}}})",
            protocol::to_string(protocol::latest_modern), protocol::quote(envelope->version)
        )
    ));
  }
  gateway::ClientSession session;
  session.key = std::move(key);
  session.endpoint = std::move(endpoint);
  session.principal = std::move(principal);
  session.version = *version;
  session.capabilities = std::move(envelope->capabilities);
  session.client_name = protocol::string_member(envelope->client_info, "name").substr(0, 64);
  session.client_info = std::move(envelope->client_info);
  session.log_level = std::move(envelope->log_level);
  return session;
}

ModernRefusal check_headers(const io::HttpExchange& exchange, const Frame& request) {
  const auto claimed = protocol::string_member(request.meta(), protocol::meta_protocol_version);
  if (exchange.header("MCP-Protocol-Version") != claimed) {
    return mismatch(
        request, fmt::format(
                     "MCP-Protocol-Version '{}' vs _meta '{}'",
                     exchange.header("MCP-Protocol-Version"), claimed
                 )
    );
  }
  // The specification leaves the headers of notifications open.
  if (!request.is_request()) return {};
  const auto method = exchange.header("Mcp-Method");
  if (method != request.method())
    return mismatch(
        request, fmt::format("Mcp-Method '{}' vs method '{}'", method, request.method())
    );
  const auto param = protocol::name_param(request.method());
  if (param.empty()) return {};
  const auto in_body = protocol::string_member(request.params(), param);
  const auto name = protocol::decode_header_value(exchange.header("Mcp-Name"));
  if (!exchange.has_header("Mcp-Name") || !name || *name != in_body) {
    return mismatch(
        request,
        fmt::format("Mcp-Name '{}' vs params.{} '{}'", exchange.header("Mcp-Name"), param, in_body)
    );
  }
  return {};
}

std::map<std::string, std::string> param_headers_of(const io::HttpExchange& exchange) {
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : exchange.headers()) {
    const auto key = protocol::lower_name(name);
    if (key.starts_with(param_prefix))
      found.emplace(key.substr(param_prefix.size()), std::string(value));
  }
  return found;
}

bool names_modern_version(const io::HttpExchange& exchange) {
  const auto version = protocol::parse_version(exchange.header("MCP-Protocol-Version"));
  return version && protocol::is_modern(*version);
}

int modern_status(std::string_view response) {
  const auto error = protocol::error_of(response);
  if (!error) return 200;
  const auto raw = protocol::member(*error, "code").value_or("0");
  int code = 0;
  std::from_chars(raw.data(), raw.data() + raw.size(), code);
  switch (code) {
    case protocol::method_not_found:
      return 404;
    case protocol::parse_error:
    case protocol::invalid_request:
    case protocol::header_mismatch:
    case protocol::missing_client_capability:
    case protocol::unsupported_protocol_version:
      return 400;
    default:
      return 200;
  }
}

}  // namespace mooring::server
