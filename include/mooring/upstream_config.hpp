#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mooring {

/// Which MCP transport an upstream speaks. `automatic`: stdio where `command` is set, else
/// Streamable HTTP.
enum class TransportKind { automatic, http, sse, stdio };

/// Which era of the protocol an upstream is spoken to in. `automatic`: asked for first with
/// `server/discover` (2026-07-28 "Versioning"). `legacy`: up to 2025-11-25, with a handshake.
/// `modern`: from 2026-07-28, without.
enum class ProtocolEra { automatic, legacy, modern };

/// Who shares a session with an upstream (over stdio: its process). `shared`: all clients.
/// `per_client`: each client session has one of its own, for servers that keep state. `automatic`:
/// shared, until a server over stdio asks its client something: there is no telling which of
/// several clients it means.
enum class SessionMode { automatic, shared, per_client };

/// Whether a call whose session or connection was lost may be sent again. `safe`: what was
/// certainly not executed, and what changes nothing. `spec`: also whatever was lost together with
/// its session. `never`: nothing that left us.
enum class ReplayPolicy { safe, spec, never };

/// Which tools of an upstream are shown. Patterns match the upstream's own tool names and know `*`
/// and `?`. `include` decides alone when both are given; an empty `include` shows nothing.
struct ToolFilter {
  std::optional<std::vector<std::string>> include;
  std::vector<std::string> exclude;

  bool operator==(const ToolFilter&) const = default;
};

/// How we sign in to a server over HTTP ("Authorization" of the MCP specification). A plain value.
struct OAuthConfig {
  /// Where access tokens come from.
  enum class Grant {
    authorization_code,  ///< a person signs in once, then they are refreshed (RFC 6749 §4.1)
    client_credentials,  ///< RFC 6749 §4.4, with `client_secret` or `private_key`
    jwt_bearer,          ///< a workload's own JWT, `assertion` (RFC 7523 §2.1)
    enterprise,  ///< the company's identity provider vouches (Enterprise-Managed Authorization)
    none,        ///< never: a 401 is about the configured headers
  };
  Grant grant = Grant::authorization_code;
  std::string client_id;  ///< pre-registered; empty: registered by ourselves
  std::string client_secret;
  std::string client_metadata_url;  ///< Client ID Metadata Document: an https URL that is our id
  std::string private_key;          ///< PEM; signs client assertions
  std::string signing_algorithm;    ///< of those; empty: what fits the key
  std::string issuer;               ///< the only authorization server that is trusted; empty: any
  std::vector<std::string> scopes;  ///< asked for, instead of what the server advertises
  std::string redirect_uri;         ///< empty: a loopback address with a free port
  std::string assertion;            ///< jwt_bearer: the JWT. enterprise: the ID token of the person
  std::string assertion_file;  ///< it is read from there whenever it is needed; empty: as above
  std::string idp_issuer;      ///< enterprise: the identity provider
  std::string idp_token_endpoint;
  std::string idp_client_id;
  std::string idp_client_secret;
  bool dpop = false;  ///< ask for sender-constrained tokens even where the server does not insist

  bool operator==(const OAuthConfig&) const = default;
};

/// How one MCP server is reached and treated. Defaults are those of docs/config.md.
/// A plain value: copy it, compare it; nothing in it is live.
struct UpstreamConfig {
  using Duration = std::chrono::milliseconds;

  std::string name;
  bool enabled = true;
  TransportKind transport = TransportKind::automatic;
  ProtocolEra protocol = ProtocolEra::automatic;

  // Streamable HTTP
  std::string url;
  std::vector<std::pair<std::string, std::string>>
      headers;  ///< sent with every request, already expanded
  /// `headers` as they were written, with `${VAR}` and `${file:…}`: resolved again whenever a
  /// session is made. Empty: there is nothing to resolve.
  std::vector<std::pair<std::string, std::string>> header_templates;
  std::string env_file;  ///< where variables of `header_templates` are looked up first; empty: none
  OAuthConfig oauth;
  bool strict_redirect_headers =
      false;  ///< drop every configured header on a cross-origin redirect
  bool ssl_verify = true;
  std::string ca_file;      ///< PEM; empty: the system's store
  std::string client_cert;  ///< PEM, for mutual TLS
  std::string client_key;   ///< PEM; empty: in `client_cert`

  // stdio
  std::string command;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;  ///< set in the child, on top of the filtered environment
  std::vector<std::string> pass_env;       ///< names let through from our own environment
  std::string cwd;

  // time
  Duration timeout = std::chrono::seconds(60);       ///< one call without progress
  Duration timeout_max = std::chrono::seconds(600);  ///< one call, progress or not
  Duration connect_timeout =
      std::chrono::seconds(60);  ///< spawn or connect, handshake and first catalogue
  Duration probe_timeout =
      std::chrono::seconds(3);  ///< the question for the era; then `initialize`
  Duration queue_wait =
      std::chrono::seconds(5);  ///< a call waits so long for a session to come back
  Duration recovery_wait =
      std::chrono::seconds(15);  ///< a failed call waits so long for the rebuild

  // recovery
  ReplayPolicy replay = ReplayPolicy::safe;
  std::vector<std::pair<std::string, ReplayPolicy>>
      tool_replay;  ///< by pattern of tool names; the first that matches decides
  std::vector<std::string>
      repeatable_tools;  ///< patterns: the operator vouches that a repetition changes nothing
  std::vector<std::string> session_patterns;  ///< ECMAScript expressions; a whole error message
                                              ///< that matches is a lost session
  std::vector<int> session_codes;             ///< JSON-RPC error codes that mean a lost session
  bool treat_401_as_session = false;

  // keeping alive, recycling
  Duration keepalive_interval = std::chrono::seconds(180);  ///< HTTP; at least 5 s; 0: never
  Duration idle_timeout{0};  ///< stdio: ended after so long without a call; 0: never
  Duration max_lifetime{0};  ///< stdio: replaced after so long; 0: never
  bool lazy = false;         ///< stdio: started by the first call, listed from the cache until then

  /// All calls are those of one client: whatever a server over stdio asks is for it. Of a Client it
  /// always is.
  bool one_client = false;

  // own sessions of clients
  SessionMode sessions = SessionMode::automatic;
  int max_client_sessions = 100;                            ///< at once, with this server
  Duration client_session_idle = std::chrono::minutes(10);  ///< ended after so long without a call

  // circuit breaker
  int breaker_failures = 3;                              ///< consecutive failed calls that open it
  Duration breaker_cooldown = std::chrono::seconds(60);  ///< until one call is let through to try

  // reconnecting
  int initial_attempts = 4;    ///< first connect, then parked
  int reconnect_attempts = 5;  ///< after a drop, then parked
  Duration backoff_initial = std::chrono::seconds(1);
  Duration backoff_max = std::chrono::seconds(60);
  Duration parked_interval = std::chrono::seconds(300);

  // what is shown and let through
  ToolFilter tools;
  bool resources_as_tools = false;
  bool normalize_schemas = false;  ///< `schemas: normalize`
  bool validate_arguments = false;

  // requests of the server towards its client
  bool sampling_enabled = true;
  int sampling_max_rpm = 10;             ///< relayed sampling requests a minute
  long long sampling_max_tokens = 4096;  ///< `maxTokens` is cut to this
  bool elicitation_enabled = true;
  Duration client_request_timeout =
      std::chrono::seconds(300);  ///< how long a person may take to answer

  // limits
  std::size_t buffer_bytes = std::size_t{64}
                             << 20;         ///< largest SSE event, stdio line or body held whole
  std::optional<std::size_t> result_chars;  ///< longest text block of a result; empty: no limit
  int max_pages = 50;                       ///< of one list

  bool operator==(const UpstreamConfig&) const = default;
};

}  // namespace mooring
