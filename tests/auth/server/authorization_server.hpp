#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/exchange.hpp"
#include "auth/grant.hpp"
#include "auth/jose.hpp"
#include "auth/server/answer.hpp"
#include "auth/server/faults.hpp"
#include "auth/server/issued.hpp"
#include "auth/server/options.hpp"
#include "auth/server/proof_check.hpp"
#include "core/random.hpp"

namespace mooring::test_auth {

/// An OAuth 2.1 authorization server without sockets and clocks: RFC 8414 and OpenID metadata,
/// RFC 7591, the authorization code with PKCE, refresh with rotation and family revocation, client
/// credentials, RFC 7523, RFC 8693, RFC 8628, RFC 7009 and RFC 9449. Strict, so that a client
/// cannot pass by luck. Not safe from several threads: SocketServer locks it.
class AuthorizationServer {
 public:
  /// `random` outlives it. With a SeededRandom everything repeats.
  explicit AuthorizationServer(core::Random& random, ServerOptions options = {});

  auth::Reply handle(const auth::Request& request, auth::SystemTime now);
  /// A person opens this URL and agrees: the URL that the browser is sent to, with the code. Empty:
  /// the server shows a page of error instead.
  std::string visit(std::string_view url, auth::SystemTime now);

  ServerOptions& options() { return options_; }
  const std::string& issuer() const { return options_.issuer; }
  std::string url(Endpoint endpoint) const;  ///< of metadata: the first place
  /// `other` for a path that is none of this server.
  Endpoint endpoint_of(const core::Url& url) const;

  // Faults.
  void fail_next(
      Endpoint endpoint, int times, int status, std::string body = {}, auth::Headers headers = {}
  );
  void fail_next(Endpoint endpoint, int times, Fault fault);
  void lose_next(Endpoint endpoint, int times = 1);  ///< works, and the answer never arrives
  void clear_faults() { faults_.clear(); }
  /// The next person says no, or the server does: `error` in the callback (RFC 6749 §4.1.2.1).
  void deny_next(std::string error = "access_denied") { denial_ = std::move(error); }

  // What happens behind the client's back.
  void add_client(Client client);
  void forget_clients();  ///< all of them: invalid_client
  void revoke_grants();   ///< refresh is invalid_grant, access tokens are dead
  void revoke_refresh_tokens();
  void expire_access_tokens();
  /// Empty: every device that waits.
  void approve_device(std::string_view user_code = {});
  void deny_device(std::string_view user_code = {});
  /// DPoP proofs need another nonce from now on.
  void renew_nonce();
  /// A grant as if somebody had signed in. The client is made where it is not known.
  auth::Grant issue(
      const std::string& client_id, const std::string& resource, const Scopes& scopes,
      auth::SystemTime now
  );

  // Assertions.
  /// Takes what this issuer says of people and workloads (RFC 7523); empty key: unsigned.
  void trust(std::string assertion_issuer, std::string public_jwk);
  void trust(AuthorizationServer& other) { trust(other.issuer(), other.public_jwk()); }
  std::string public_jwk();  ///< empty where it signs nothing
  std::string id_token(
      const std::string& subject, const std::string& client_id, auth::SystemTime now
  );

  // What a protected resource asks.
  /// Good at `resource` now; empty: at any. A token that was asked for without a resource is good
  /// everywhere (`resource_required` off).
  bool accepts(std::string_view access_token, std::string_view resource, auth::SystemTime now)
      const;
  Scopes scopes_of(std::string_view access_token) const;
  /// Of the DPoP key that it is bound to; empty: a bearer token, or unknown.
  std::string thumbprint_of(std::string_view access_token) const;

  // What was seen, faults included.
  struct Seen {
    Endpoint endpoint = Endpoint::other;
    auth::Request request;
    Form form;  ///< of the body, or of the query
    auth::SystemTime at;
  };
  const std::vector<Seen>& seen() const { return seen_; }
  std::vector<Seen> seen(Endpoint endpoint) const;
  int requests(Endpoint endpoint) const;
  /// Token requests by grant type, whole or its last word: "refresh_token", "device_code".
  int grants(std::string_view type) const;
  /// Every refresh token ever presented, in order, as often as it came.
  const std::vector<std::string>& presented() const { return presented_; }
  int reuses() const { return reuses_; }  ///< used refresh tokens that came again
  int families_revoked() const { return families_revoked_; }  ///< because of that
  /// Access tokens given out.
  std::size_t issued() const { return access_.size(); }
  const ByName<Client>& clients() const { return clients_; }

 private:
  template <class T>
  using Or = std::expected<T, auth::Reply>;
  struct Asker {
    std::string client;
    bool confidential = false;
    std::string thumbprint;
  };

  auth::Reply respond(const Seen& seen, auth::SystemTime now);
  // server_metadata.cpp
  auth::Reply metadata() const;
  std::string base() const;
  // clients.cpp
  auth::Reply register_client(const auth::Request& request, auth::SystemTime now);
  Or<Asker> authenticate(const auth::Request& request, const Form& form, auth::SystemTime now);
  Or<Client> asserted(const Form& form, auth::SystemTime now);
  const Client* find_client(std::string_view id);
  bool takes_method(auth::ClientAuth method) const;
  // authorization.cpp
  auth::Reply authorize(const auth::Request& request, const Form& form, auth::SystemTime now);
  bool redirects_to(const Client& client, const std::string& uri) const;
  Or<Scopes> scopes_for(const Form& form) const;
  Or<std::string> resource_for(const Form& form) const;
  auth::Reply begin_device(const auth::Request& request, const Form& form, auth::SystemTime now);
  auth::Reply revoke(const auth::Request& request, const Form& form, auth::SystemTime now);
  // token_grants.cpp
  auth::Reply token(const auth::Request& request, const Form& form, auth::SystemTime now);
  auth::Reply granted(
      std::string_view type, const Asker& asker, const Form& form, auth::SystemTime now
  );
  auth::Reply code_grant(const Asker& asker, const Form& form, auth::SystemTime now);
  auth::Reply refresh_grant(const Asker& asker, const Form& form, auth::SystemTime now);
  auth::Reply client_credentials_grant(const Asker& asker, const Form& form, auth::SystemTime now);
  auth::Reply device_grant(const Asker& asker, const Form& form, auth::SystemTime now);
  // assertion_grants.cpp
  auth::Reply jwt_bearer_grant(const Asker& asker, const Form& form, auth::SystemTime now);
  auth::Reply exchange_grant(const Asker& asker, const Form& form, auth::SystemTime now);
  auth::Reply id_jag(
      const Asker& asker, const Form& form, const std::string& subject, auth::SystemTime now
  );
  std::string signed_jwt(json::object header, const json::object& claims);

  std::shared_ptr<Family> family(
      const Asker& asker, std::string subject, std::string resource, Scopes scopes
  );
  std::string new_access_token(
      const std::shared_ptr<Family>& of, std::string resource, Scopes scopes, auth::SystemTime now
  );
  std::string new_refresh_token(const std::shared_ptr<Family>& of, auth::SystemTime now);
  bool refreshable(const Scopes& scopes) const;
  /// RFC 6749 §5.1. `refresh_token` empty: none in the answer.
  json::object token_body(
      const std::shared_ptr<Family>& of, const std::string& resource, const Scopes& scopes,
      const std::string& refresh_token, auth::SystemTime now
  );

  core::Random& random_;
  ServerOptions options_;
  Faults faults_;
  ProofCheck proofs_;
  std::string denial_;
  std::optional<auth::SigningKey> key_;
  ByName<std::string> trusted_;  ///< issuers of assertions, with their keys
  std::set<std::string> spent_assertions_;

  ByName<Client> clients_;
  ByName<AccessToken> access_;
  ByName<RefreshToken> refresh_;
  ByName<Code> codes_;
  ByName<Device> devices_;
  std::vector<std::shared_ptr<Family>> families_;

  std::vector<Seen> seen_;
  std::vector<std::string> presented_;
  int reuses_ = 0;
  int families_revoked_ = 0;
};

}  // namespace mooring::test_auth
