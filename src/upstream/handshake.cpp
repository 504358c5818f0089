#include "upstream/handshake.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"
#include "protocol/modern.hpp"

namespace mooring::upstream {

using protocol::member;

namespace {

/// What both results have in the same place.
void take_description(ServerIdentity& server, std::string_view result) {
  if (const auto found = member(result, "capabilities"); found && protocol::is_object(*found)) {
    server.capabilities = protocol::one_line(*found);
  }
  server.instructions = protocol::string_member(result, "instructions");
  server.result = protocol::one_line(result);
}

}  // namespace

bool ServerIdentity::has(std::string_view capability) const {
  const auto found = member(capabilities, capability);
  return found && protocol::is_object(*found);
}

bool ServerIdentity::has(std::string_view capability, std::string_view flag) const {
  const auto found = member(capabilities, capability);
  if (!found || !protocol::is_object(*found)) return false;
  const auto value = member(*found, flag);
  return value && protocol::is_true(*value);
}

std::string initialize_params(const ClientIdentity& client) {
  return fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{},"clientInfo":{}}})",
      protocol::to_string(protocol::latest_legacy), client.capabilities, client.info
  );
}

std::expected<ServerIdentity, std::string> read_initialize_result(std::string_view result) {
  ServerIdentity server;
  server.protocol_version = protocol::string_member(result, "protocolVersion");
  if (server.protocol_version.empty()) {
    return std::unexpected("the answer to initialize names no protocolVersion: not an MCP server");
  }
  const auto version = protocol::parse_version(server.protocol_version);
  if (!version || protocol::is_modern(*version)) {
    return std::unexpected(fmt::format(
        "the server speaks only protocol {}, which Mooring does not speak to servers",
        server.protocol_version
    ));
  }
  server.version = *version;
  take_description(server, result);
  if (const auto found = member(result, "serverInfo"); found && protocol::is_object(*found)) {
    server.info = protocol::one_line(*found);
  }
  return server;
}

ServerIdentity read_discover_result(std::string_view result) {
  ServerIdentity server;
  server.version = protocol::latest_modern;
  server.protocol_version = protocol::to_string(server.version);
  take_description(server, result);
  // Drafts of the revision had it beside the capabilities.
  const auto meta = member(result, "_meta").value_or("{}");
  for (const auto& found :
       {member(meta, protocol::meta_server_info), member(result, "serverInfo")}) {
    if (!found || !protocol::is_object(*found)) continue;
    server.info = protocol::one_line(*found);
    break;
  }
  return server;
}

std::expected<ServerIdentity, std::string> read_identity(std::string_view result) {
  if (member(result, "supportedVersions")) return read_discover_result(result);
  return read_initialize_result(result);
}

}  // namespace mooring::upstream
