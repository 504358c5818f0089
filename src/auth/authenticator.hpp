#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/sign_in.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "transport/credentials.hpp"

namespace mooring::auth {

/// What all authenticators of a process are made from.
struct AuthenticatorParts {
  std::shared_ptr<CredentialStore> store;
  std::function<std::unique_ptr<Fetcher>(io::Worker&, const UpstreamConfig&)> fetcher;
  /// The configured headers, read again; empty: as configured.
  std::function<Result<std::vector<std::pair<std::string, std::string>>>(const UpstreamConfig&)>
      headers = {};
  core::Random* random = &core::system_random();
  std::function<SystemTime()> clock = [] { return std::chrono::system_clock::now(); };
  std::shared_ptr<UserAgent> user = nullptr;  ///< empty: nobody can be asked
  /// What a person writes after `mooring login`; empty: the name of the server.
  std::string login_target = {};
};

/// Whether requests may go out.
struct Readiness {
  enum class What : std::uint8_t {
    ready,
    later,         ///< trouble on the way to new tokens; those there are kept
    login_needed,  ///< a person has to sign in; nothing is asked until somebody did
    refused,       ///< what is configured is not accepted
  } what = What::ready;
  std::string why;
  std::optional<core::Duration> retry_after = std::nullopt;
};

/// A request that came back with 401, or with 403 for want of a scope.
struct Refusal {
  std::uint64_t version = 0;  ///< of the credentials it carried
  int status = 401;
  std::string challenge = {};  ///< the WWW-Authenticate header
  bool served = false;         ///< a client's call was answered with these credentials before
};

/// What `status` tells.
struct SignedIn {
  std::string issuer;
  std::vector<std::string> scopes;
  std::optional<SystemTime> expires;
  bool refreshable = false;
};

/// Keeps one server's credentials good. Tokens are asked for by one at a time, over all processes
/// that share the store; what another process wrote is taken instead. A refresh that was begun is
/// seen through, whoever stops waiting for it. Lives on the home worker of its upstream.
class Authenticator : public std::enable_shared_from_this<Authenticator> {
 public:
  Authenticator(
      io::Worker& home, std::shared_ptr<const UpstreamConfig> config,
      std::shared_ptr<transport::Credentials> credentials, AuthenticatorParts parts
  );

  /// Before a handshake. Asks nobody where the token at hand is good.
  awaitable<Readiness> prepare();
  /// What `prepare` has to mend.
  void refused(Refusal refusal);
  /// New credentials can come without a person who is not there.
  bool can_step_up() const;
  /// New credentials of the kind at hand would be refused, too: from now on `prepare` waits for
  /// what a person signs in to, and asks nobody.
  Readiness give_up(std::string why);
  /// Somebody asked for another attempt: what was refused for good is tried once more.
  void forgive();
  /// The command with which a person signs in, with the scopes that were missed. Safe to be pasted
  /// into a shell.
  std::string login_command() const;
  /// A person can mend what is refused. False: tokens come without one.
  bool needs_person() const;
  /// This server is signed in to, not let in by configured headers.
  bool uses_oauth() const;
  std::optional<SignedIn> signed_in() const;
  /// Lets a token request under way end, for a few seconds.
  awaitable<void> stop();

 private:
  awaitable<Readiness> look();
  awaitable<Readiness> renew();
  awaitable<Readiness> renew_locked();
  awaitable<std::optional<FetchPolicy>> policy(core::Url server);
  Readiness not_discovered(const Error& error);
  /// Empty: the client may be shown to this authorization server.
  std::optional<Readiness> moved_away(const Discovered& where);
  awaitable<Readiness> by_refresh(Discovered where);
  awaitable<Readiness> anew(Discovered where, std::string why);
  awaitable<Readiness> without_person(Discovered where);
  awaitable<Readiness> by_person(Discovered where);
  awaitable<Readiness> taken(Grant grant);
  /// What the store holds that is not known here.
  enum class Stored : std::uint8_t {
    nothing_new,
    taken,       ///< a token that nobody has refused: it is used from now on
    signed_out,  ///< the grant was taken back: it is not used any more
  };
  awaitable<Stored> look_into_store();
  void sign_out();
  awaitable<void> keep_fresh();
  std::optional<SystemTime> refresh_due() const;
  void adopt(Grant grant);
  void keep_secret(const std::string& token);
  Readiness needs_login(std::string why);
  void begin();
  void end();
  bool comes_by_itself() const;
  bool just_given() const;
  bool usable() const;
  std::vector<std::string> wanted_scopes(const Discovered& where) const;
  TokenSource source();

  io::Worker& home_;
  std::shared_ptr<const UpstreamConfig> config_;
  std::shared_ptr<transport::Credentials> credentials_;
  AuthenticatorParts parts_;
  std::unique_ptr<Fetcher> fetcher_;
  GrantKey key_;
  std::optional<FetchPolicy> policy_;
  std::optional<Grant> grant_;
  std::uint64_t version_ = 0;       ///< of the credentials that carry the grant's token
  bool loaded_ = false;             ///< the store has told what it holds
  bool look_again_ = false;         ///< somebody may have signed in or out
  bool kept_ = false;               ///< the store holds the grant
  bool fresh_ = false;              ///< the token came from a request of ours and has served nobody
  std::optional<Refusal> refusal_;  ///< of the token at hand
  std::optional<std::string> login_;  ///< why a person is needed
  std::vector<std::string> missed_;   ///< scopes that a 403 asked for
  int sign_ins_ = 0;                  ///< since a call was last served
  std::vector<std::string> secrets_;  ///< that are redacted on our account, oldest first
  bool running_ = false;
  io::Event ended_;
  io::Event changed_;
  io::AbortSource stop_;
  io::TaskGroup tasks_;
};

}  // namespace mooring::auth
