#pragma once

#include <deque>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/challenge.hpp"
#include "auth/exchange.hpp"
#include "auth/fetch_policy.hpp"
#include "auth/metadata.hpp"

namespace mooring::auth {

/// What there is to know before a token can be asked for.
struct Discovered {
  ServerMetadata server;
  std::string resource;             ///< to be sent as `resource`
  std::vector<std::string> scopes;  ///< to be asked for: of the challenge, else advertised
  bool dpop = false;                ///< the resource insists on proofs of possession
  bool legacy = false;              ///< a server of 2025-03-26: no resource metadata
  bool guessed = false;  ///< nor any of an authorization server: the endpoints are the default ones
};

/// Finds out where to sign in for one MCP server ("Authorization Server Discovery"; all revisions).
/// A state machine without I/O: send what `next` says, `take` what came, until `next` has nothing.
class Discovery {
 public:
  /// `challenge`: what the server said with its 401 or 403; may be empty. `issuer`: the only one
  /// that is trusted; empty: any.
  Discovery(core::Url server, Challenge challenge, FetchPolicy policy, std::string issuer = {});

  std::optional<Request> next();
  void take(const Reply& reply);
  /// Once `next` has nothing more. Reason::protocol: what the server says must not be used;
  /// Reason::io: a document is missing, or is none; Reason::unavailable: trouble on the way, worth
  /// another try.
  const Result<Discovered>& result() const { return result_; }

 private:
  enum class Step { resource, server, done };

  void stop(Error error);
  void took_resource(const Reply& reply);
  void resource_found(const ResourceMetadata& metadata);
  void resource_missing();
  void look_for_server(std::string issuer);
  void took_server(const Reply& reply);
  void server_found(ServerMetadata metadata);
  void server_missing();
  bool acceptable_issuer(const ServerMetadata& metadata) const;

  core::Url server_;
  Challenge challenge_;
  FetchPolicy policy_;
  std::string trusted_;
  Step step_ = Step::resource;
  bool named_ = false;  ///< the challenge named the place of the resource metadata
  std::deque<core::Url> places_;
  std::string issuer_;
  std::optional<Error> trouble_;  ///< a place did not answer: it may later
  std::optional<Error> lie_;      ///< a place answered what cannot be used
  Discovered found_;
  Result<Discovered> result_;
};

}  // namespace mooring::auth
