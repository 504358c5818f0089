#pragma once

#include <functional>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/authorization_code.hpp"
#include "auth/credential_store.hpp"
#include "auth/device_code.hpp"
#include "auth/discovery.hpp"
#include "auth/fetcher.hpp"
#include "auth/token_endpoint.hpp"

namespace mooring::auth {

/// The person at the other end.
class UserAgent {
 public:
  virtual ~UserAgent() = default;
  /// Where the browser is sent back to. `before`: what an earlier registration was made with, to
  /// be taken again where possible; empty: none.
  virtual Result<std::string> redirect_uri(const std::string& before) = 0;
  /// The same where the operator has named it: that one, or an error.
  virtual Result<std::string> use_redirect_uri(const std::string& configured) { return configured; }
  /// Shows the page and waits for the callback: its URL.
  virtual awaitable<Result<std::string>> authorize(std::string url, io::AbortSource& abort) = 0;
  virtual void show(const DevicePrompt& /*prompt*/) {}
};

/// What asking for tokens needs, for one server.
struct TokenSource {
  io::Worker& home;
  const OAuthConfig& config;
  Fetcher& fetcher;
  CredentialStore& store;
  core::Random& random;
  std::function<SystemTime()> clock;
};

/// Where to sign in. Reason::unavailable: trouble on the way, worth another try.
awaitable<Result<Discovered>> discover(
    TokenSource source, core::Url server, Challenge challenge, FetchPolicy policy,
    io::AbortSource& abort
);

/// A person signs in in a browser: registers us where needed, and keeps that. Nothing else is
/// kept: the grant is the caller's.
awaitable<Result<Grant>> sign_in(
    TokenSource source, Discovered where, std::vector<std::string> scopes, UserAgent& user,
    FetchPolicy policy, io::AbortSource& abort
);
/// A person signs in on another device.
awaitable<Result<Grant>> sign_in_by_device(
    TokenSource source, Discovered where, std::vector<std::string> scopes, UserAgent& user,
    FetchPolicy policy, io::AbortSource& abort
);

/// Tokens that need no person: client credentials, a workload's JWT, or the company's provider, as
/// configured.
awaitable<std::expected<Grant, TokenError>> obtain(
    TokenSource source, Discovered where, std::vector<std::string> scopes, FetchPolicy policy,
    io::AbortSource& abort
);

/// A refresh token for new tokens (RFC 6749 §6).
awaitable<std::expected<Grant, TokenError>> refresh(
    TokenSource source, Grant grant, ServerMetadata server, FetchPolicy policy,
    io::AbortSource& abort
);

/// The client as token requests need it: its key, and the prover of the grant's tokens.
Result<TokenClient> token_client(
    const OAuthConfig& config, const Registration& registration, const std::string& dpop_key,
    core::Random& random
);

// The store, awaited. On the thread of `home`.
/// Whoever changes a grant holds it: nobody replaces what another has just got. Null: not within
/// 30 s, or `abort` fired.
awaitable<Result<std::unique_ptr<CredentialStore::Lock>>> lock_grant(
    io::Worker& home, CredentialStore& store, GrantKey key, io::AbortSource& abort
);
awaitable<Result<std::optional<Grant>>> find_grant(
    io::Worker& home, CredentialStore& store, GrantKey key
);
awaitable<Result<void>> keep_grant(
    io::Worker& home, CredentialStore& store, GrantKey key, Grant grant
);

}  // namespace mooring::auth
