#pragma once

#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>

#include "auth/exchange.hpp"
#include "auth/grant.hpp"
#include "auth/metadata.hpp"

namespace mooring::auth {

/// Who we are at this authorization server without asking it, in the order of the specification
/// ("Client Registration Approaches"): pre-registered, Client ID Metadata Document, registered
/// before. Empty: we have to register. `redirect_uri` empty: none is needed.
std::optional<Registration> known_client(
    const OAuthConfig& config, const ServerMetadata& server,
    const std::optional<Registration>& kept, const std::string& redirect_uri, SystemTime now
);

/// Dynamic Client Registration (RFC 7591). A state machine without I/O.
class ClientRegistration {
 public:
  /// Reason::config where the server offers none: the operator has to name a client.
  static Result<ClientRegistration> begin(
      const ServerMetadata& server, std::string redirect_uri, std::vector<std::string> scopes
  );

  std::optional<Request> next();
  void take(const Reply& reply);
  const Result<Registration>& result() const { return result_; }

 private:
  ClientRegistration(
      const ServerMetadata& server, core::Url endpoint, std::string redirect_uri,
      std::vector<std::string> scopes
  );

  ServerMetadata server_;
  core::Url endpoint_;
  std::string redirect_uri_;
  std::vector<std::string> scopes_;
  bool done_ = false;
  Result<Registration> result_;
};

}  // namespace mooring::auth
