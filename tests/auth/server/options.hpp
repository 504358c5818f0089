#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "auth/grant.hpp"
#include "auth/server/proof_check.hpp"

namespace mooring::test_auth {

/// Where the metadata of an authorization server are: RFC 8414 §3.1, and OpenID Connect Discovery
/// §4 with the path of the issuer behind the well-known part or before it.
enum class MetadataPlace { oauth, openid_inserted, openid_appended };

using Scopes = std::vector<std::string>;

/// How an authorization server behaves; each may be changed at any time.
struct ServerOptions {
  /// Names the server, and is where its endpoints begin: "https://as.test/tenant".
  std::string issuer = "https://as.test";
  /// Between the issuer and "/token", where clients should not be able to guess it.
  std::string endpoint_path{};

  // Metadata.
  std::set<MetadataPlace> metadata = {MetadataPlace::oauth};  ///< empty: none anywhere
  std::string metadata_issuer{};                              ///< empty: `issuer`
  /// Members to replace, as raw JSON; "": left out.
  std::map<std::string, std::string> metadata_members{};
  std::optional<Scopes> scopes_supported{};  ///< others are invalid_scope; empty: all, and not said
  std::optional<Scopes> code_challenge_methods = {{"S256"}};
  /// Empty: not said, all are taken.
  std::optional<Scopes> token_endpoint_auth_methods = {
      {"none", "client_secret_basic", "client_secret_post", "private_key_jwt"}
  };
  bool metadata_documents = false;     ///< client_id_metadata_document_supported
  std::set<std::string> grants_off{};  ///< grant types that are refused, by their last word

  // Registration.
  bool registration = true;
  std::optional<std::chrono::seconds> secret_lifetime{};  ///< client_secret_expires_at

  // Authorization.
  bool loopback_ports_vary = false;  ///< RFC 8252 §7.3
  bool resource_required = true;
  std::set<std::string> resources{};    ///< others are invalid_target; empty: all
  Scopes default_scopes{};              ///< where none are asked for
  std::optional<Scopes> grants_only{};  ///< whatever is asked for, no more than these
  bool iss_parameter = false;           ///< RFC 9207: promised and sent
  /// What is sent as `iss` whatever was promised; "": nothing.
  std::optional<std::string> sent_iss{};
  std::optional<std::string> sent_state{};  ///< in place of the client's
  std::chrono::seconds code_lifetime{60};

  // Tokens.
  std::chrono::seconds access_lifetime{3600};
  /// What `expires_in` says whatever is true, as raw JSON: "0", "\"3600\"", "-1"; "": left out.
  std::optional<std::string> expires_in{};
  bool scope_in_answer = true;
  std::string bearer = "Bearer";  ///< how token_type is spelled
  bool refresh_tokens = true;
  bool refresh_needs_offline_access = false;
  bool rotation = true;  ///< a refresh makes a new refresh token and uses the old one up
  /// A used refresh token is good for so long after its first use.
  std::chrono::seconds reuse_grace{0};
  bool reuse_revokes = true;  ///< the whole family (RFC 9700 §4.14.2)
  std::optional<std::chrono::seconds> refresh_lifetime{};

  // Device flow.
  bool device_flow = true;
  std::chrono::milliseconds device_interval{5000};
  std::chrono::seconds device_lifetime{600};
  int device_slow_downs = 0;  ///< the first polls that are answered so
  /// Polls too early are slow_down, too (RFC 8628 §3.5).
  bool device_enforces_interval = true;
  /// So many polls are pending, then the person has agreed; empty: when `approve_device` is called.
  std::optional<int> device_pending{};

  // Assertions and proofs.
  /// false: identity assertions carry no signature, so that a run does not depend on its bytes.
  bool sign = true;
  std::string id_jag_client{};     ///< `client_id` in them; empty: as the client is called here
  bool workload_identity = false;  ///< jwt-bearer without client authentication
  Dpop dpop = Dpop::off;
  bool dpop_nonce = false;
};

/// Somebody who may ask for tokens.
struct Client {
  std::string id{};
  std::string secret{};
  auth::ClientAuth method = auth::ClientAuth::none;
  Scopes redirect_uris{};    ///< empty: any
  std::string public_jwk{};  ///< of private_key_jwt
  std::optional<auth::SystemTime> secret_ends{};
  bool registered = false;  ///< by itself (RFC 7591)
};

}  // namespace mooring::test_auth
