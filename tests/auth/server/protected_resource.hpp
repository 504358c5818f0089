#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/exchange.hpp"
#include "auth/server/authorization_server.hpp"
#include "auth/server/faults.hpp"
#include "auth/server/options.hpp"
#include "auth/server/proof_check.hpp"
#include "core/random.hpp"

namespace mooring::test_auth {

/// How a protected MCP server behaves; each may be changed at any time.
struct ResourceOptions {
  std::string url = "https://mcp.test/mcp";

  // RFC 9728.
  bool metadata_at_path = true;
  bool metadata_at_root = false;
  std::optional<std::string> resource{};  ///< what they say, and what tokens have to be for
  std::vector<std::string> issuers{};     ///< empty: those that it trusts
  Scopes scopes_supported{};              ///< empty: not said

  // The 401.
  bool challenge_has_metadata = true;  ///< resource_metadata="…"
  Scopes challenge_scopes{};           ///< scope="…"; empty: not said
  /// The header word for word, "Bearer"; "": none.
  std::optional<std::string> challenge{};

  std::map<std::string, Scopes> tool_scopes{};  ///< without them a call is a 403
  Scopes session_scopes{};                      ///< likewise, and `initialize`
  std::set<std::string> open_methods{};         ///< need no token: "initialize", "ping", "GET"
  bool session_ids = true;
  Dpop dpop = Dpop::off;
  bool dpop_nonce = false;
};

/// An MCP server over Streamable HTTP (2025-11-25) that wants access tokens, without sockets and
/// clocks. Two tools: `echo` changes nothing, `count` counts. Not safe from several threads.
class ProtectedResource {
 public:
  /// Both outlive it.
  ProtectedResource(
      core::Random& random, AuthorizationServer& authority, ResourceOptions options = {}
  );
  /// Takes the tokens of this one, too.
  void trust(AuthorizationServer& authority) { authorities_.push_back(&authority); }

  auth::Reply handle(const auth::Request& request, auth::SystemTime now);

  ResourceOptions& options() { return options_; }
  const std::string& url() const { return options_.url; }
  /// What tokens have to be for.
  std::string resource() const { return options_.resource.value_or(options_.url); }
  Endpoint endpoint_of(const core::Url& url) const;

  // Faults.
  void fail_next(
      Endpoint endpoint, int times, int status, std::string body = {}, auth::Headers headers = {}
  );
  void fail_next(Endpoint endpoint, int times, Fault fault);
  void lose_next(Endpoint endpoint, int times = 1);  ///< works, and the answer never arrives
  void clear_faults() { faults_.clear(); }
  /// The next requests with good tokens are answered 401 all the same.
  void refuse_next(int times = 1) { refusals_ += times; }
  void forget_sessions() { sessions_.clear(); }
  void renew_nonce();

  // What was seen.
  struct Seen {
    Endpoint endpoint = Endpoint::other;
    std::string method;         ///< of HTTP
    std::string rpc;            ///< of the JSON-RPC message; empty: none
    std::string session;        ///< Mcp-Session-Id
    std::string authorization;  ///< the header
    std::string token;          ///< in it
    int status = 0;             ///< of the answer, also where it got lost
    auth::SystemTime at;
  };
  struct Execution {
    std::string tool;
    std::string arguments;  ///< JSON
    std::string session;
    std::string token;
  };
  const std::vector<Seen>& seen() const { return seen_; }
  int requests(Endpoint endpoint) const;
  /// Requests with this JSON-RPC or HTTP method, refused ones included.
  int requests(std::string_view method) const;
  int answered(int status) const;                   ///< by /mcp
  int initializes() const { return initializes_; }  ///< that made a session
  const std::vector<Execution>& executions() const { return executions_; }
  int executed(std::string_view tool) const;
  /// The access tokens that were accepted in a session, each once, in order.
  std::vector<std::string> tokens_of(std::string_view session) const;
  std::size_t sessions() const { return sessions_.size(); }  ///< alive
  const std::string& last_session() const { return last_session_; }

 private:
  auth::Reply respond(const auth::Request& request, Seen& seen, auth::SystemTime now);
  auth::Reply metadata() const;
  std::string metadata_url() const;
  /// Empty: come in.
  std::optional<auth::Reply> keep_out(
      const auth::Request& request, const Seen& seen, auth::SystemTime now
  );
  auth::Reply challenge(std::string_view error) const;
  auth::Reply mcp(const auth::Request& request, Seen& seen);
  auth::Reply initialize(std::string_view id, std::string_view params, const Seen& seen);
  auth::Reply call(std::string_view id, std::string_view params, const Seen& seen);
  bool covers(const std::string& token, const Scopes& needed) const;
  auth::Reply too_little(const Scopes& needed) const;
  AuthorizationServer* authority_of(std::string_view token, auth::SystemTime now) const;

  core::Random& random_;
  std::vector<AuthorizationServer*> authorities_;
  ResourceOptions options_;
  Faults faults_;
  ProofCheck proofs_;
  int refusals_ = 0;
  std::set<std::string, std::less<>> sessions_;
  std::string last_session_;
  ByName<std::vector<std::string>> tokens_;  ///< by session
  std::vector<Seen> seen_;
  std::vector<Execution> executions_;
  int initializes_ = 0;
};

}  // namespace mooring::test_auth
