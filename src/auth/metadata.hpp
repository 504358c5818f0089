#pragma once

#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/url.hpp"

namespace mooring::auth {

/// Protected Resource Metadata (RFC 9728 §2), as far as a client needs it.
struct ResourceMetadata {
  std::string resource;  ///< verbatim: sent back as it is
  std::vector<std::string> authorization_servers;
  std::vector<std::string> scopes_supported;
  bool dpop_required = false;  ///< dpop_bound_access_tokens_required
};
Result<ResourceMetadata> parse_resource_metadata(std::string_view json);

/// Authorization Server Metadata (RFC 8414 §2; OpenID Connect Discovery 1.0 §3). Endpoints are
/// texts: whoever uses one has it checked.
struct ServerMetadata {
  std::string issuer;
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string registration_endpoint;
  std::string device_authorization_endpoint;
  std::string revocation_endpoint;
  std::vector<std::string> scopes_supported;
  /// Empty optional: not said.
  std::optional<std::vector<std::string>> token_endpoint_auth_methods;
  std::optional<std::vector<std::string>> code_challenge_methods;
  std::vector<std::string> grant_types;
  std::vector<std::string> dpop_algorithms;
  bool client_id_metadata_document_supported = false;
  bool iss_parameter_supported = false;  ///< RFC 9207
};
Result<ServerMetadata> parse_server_metadata(std::string_view json);

/// Where the metadata of a protected resource is looked for, in this order (RFC 9728 §3.1).
std::vector<core::Url> resource_metadata_places(const core::Url& server);
/// Where an authorization server's metadata is looked for, in this order (RFC 8414 §3.1, OpenID
/// Connect Discovery §4; MCP 2025-11-25 "Authorization Server Metadata Discovery").
std::vector<core::Url> server_metadata_places(const core::Url& issuer);

/// The metadata of a resource speak of this server: the same origin, and the same path or one above
/// it (RFC 9728 §3.3 as MCP reads it).
bool covers(std::string_view resource, const core::Url& server);

/// The canonical URI of an MCP server ("Canonical Server URI"): no query, no fragment, no slash at
/// the end of an empty path.
std::string canonical_resource(const core::Url& server);

}  // namespace mooring::auth
