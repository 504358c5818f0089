#include "cli/login.hpp"

#include <fmt/format.h>

#include <future>

#include "auth/authenticator.hpp"
#include "cli/console.hpp"
#include "cli/gateway_api.hpp"
#include "cli/interrupts.hpp"
#include "cli/login_agents.hpp"
#include "cli/sign_in_parts.hpp"
#include "cli/surroundings.hpp"
#include "core/percent.hpp"
#include "core/rfc3339.hpp"
#include "protocol/messages.hpp"
#include "recovery/reading.hpp"
#include "transport/factory.hpp"
#include "upstream/handshake.hpp"

namespace mooring::cli {

namespace {

class Silent final : public transport::Sink {
 public:
  awaitable<void> message(protocol::Frame) override { co_return; }
};

/// One server, its store and a worker: what all three commands work with.
class Session {
 public:
  explicit Session(const ServerOptions& options) : around_(options) {}

  Result<void> open(const ServerOptions& options) {
    auto to = around_.find_direct(options);
    if (!to) return std::unexpected(to.error());
    named_ = !is_url(options.server);
    login_target_ = to->login_target.empty() ? to->config.name : to->login_target;
    config_ = std::make_shared<const UpstreamConfig>(std::move(to->config));
    if (config_->url.empty()) {
      return fail(
          Reason::usage,
          fmt::format("{} is a local program; its credentials go into its env", config_->name)
      );
    }
    auto parts = sign_in_parts(around_.state_dir());
    if (!parts) return std::unexpected(parts.error());
    parts_ = std::move(*parts);
    fetcher_ = parts_.fetcher(worker_, *config_);
    return {};
  }

  /// Runs `work` to its end on this thread.
  Result<void> run(awaitable<Result<void>> work) {
    Result<void> result = fail(Reason::io, "it ended without a result");
    asio::co_spawn(
        worker_.executor(), std::move(work),
        [&](const std::exception_ptr& thrown, Result<void> done) {
          if (!thrown) result = std::move(done);
          worker_.stop();
        }
    );
    worker_.run();
    return result;
  }

  auth::TokenSource source() {
    return {worker_, config_->oauth, *fetcher_, *parts_.store, *parts_.random, parts_.clock};
  }
  auth::GrantKey key() const {
    return {config_->url.substr(0, config_->url.find_first_of("?#")), {}};
  }

  /// What the server says to somebody who has not signed in.
  awaitable<Result<auth::Challenge>> challenge() {
    transport::SystemChannels channels(
        around_.state_dir(), core::ProxySettings::from_environment()
    );
    const auto channel = channels.http(worker_, *config_, nullptr);
    transport::OutgoingRequest request;
    request.id = "0";
    request.method = "initialize";
    request.bytes = protocol::make_request("0", "initialize", upstream::initialize_params({}));
    request.session = std::make_shared<transport::SessionHeaders>();
    io::AbortSource limit;
    const auto timer = worker_.timers().arm_after(std::chrono::seconds(15), [&] { limit.abort(); });
    request.abort = &limit;
    Silent sink;
    const auto outcome = co_await channel->request(std::move(request), sink);
    worker_.timers().cancel(timer);
    if (!outcome.failure) co_return auth::Challenge{};
    if (!outcome.failure->http_status)
      co_return fail(Reason::unavailable, recovery::describe(*outcome.failure));
    co_return auth::oauth_challenge(recovery::header(*outcome.failure, "www-authenticate"));
  }

  /// The running gateway looks at what was written.
  void tell_gateway() {
    if (!named_ || !around_.gateway_file()) return;
    const auto told = post(
        *around_.gateway_file(),
        "/api/v1/servers/" + core::percent_encode(config_->name) + "/reconnect"
    );
    if (!told) warn(told.error().detail);
  }

  const UpstreamConfig& config() const { return *config_; }
  const std::string& login_target() const { return login_target_; }
  std::shared_ptr<const UpstreamConfig> shared_config() const { return config_; }
  io::Worker& worker() { return worker_; }
  auth::AuthenticatorParts& parts() { return parts_; }
  auth::Fetcher& fetcher() { return *fetcher_; }
  io::AbortSource& abort() { return abort_; }

 private:
  Surroundings around_;
  bool named_ = false;  ///< in the configuration
  std::string login_target_;
  std::shared_ptr<const UpstreamConfig> config_;
  auth::AuthenticatorParts parts_;
  io::Worker worker_{0};
  std::unique_ptr<auth::Fetcher> fetcher_;
  io::AbortSource abort_;
};

awaitable<Result<auth::Discovered>> find_out(Session& session, auth::FetchPolicy policy) {
  auto challenge = co_await session.challenge();
  if (!challenge) co_return std::unexpected(challenge.error());
  const bool asked = !challenge->scheme.empty();
  const auto server = core::Url::parse(session.config().url);
  auto where = co_await auth::discover(
      session.source(), *server, std::move(*challenge), policy, session.abort()
  );
  if (where && where->guessed && !asked) {
    co_return fail(
        Reason::rejected,
        fmt::format(
            "{} does not ask for a login, or not in a way known here", session.config().name
        )
    );
  }
  co_return where;
}

/// Nobody refreshes meanwhile: what a refresh brings would replace what is written here.
awaitable<Result<std::unique_ptr<auth::CredentialStore::Lock>>> alone(Session& session) {
  auto lock = co_await auth::lock_grant(
      session.worker(), *session.parts().store, session.key(), session.abort()
  );
  if (lock && !*lock) {
    co_return fail(
        Reason::unavailable,
        fmt::format(
            "{}: a gateway is refreshing its tokens; try again in a minute", session.config().name
        )
    );
  }
  co_return lock;
}

awaitable<Result<void>> sign_in(Session& session, const LoginCommand& command) {
  const auto server = core::Url::parse(session.config().url);
  if (!server) co_return std::unexpected(server.error());
  const auth::FetchPolicy policy((co_await session.fetcher().is_inside(*server)).value_or(false));
  auto where = co_await find_out(session, policy);
  if (!where) co_return std::unexpected(where.error());
  const auto& configured = session.config().oauth.scopes;
  auto scopes = auth::united(
      configured.empty() ? where->scopes : configured, auth::split_scopes(command.scope)
  );
  auto source = session.source();
  // What was asked for before is asked for again ("Scope Challenge Handling").
  const auto before = co_await auth::find_grant(session.worker(), source.store, session.key());
  if (before && *before && (*before)->issuer == where->server.issuer)
    scopes = auth::united((*before)->requested, scopes);
  Result<auth::Grant> grant = fail(Reason::io, "nobody was asked");
  if (command.device) {
    DeviceAgent agent;
    grant = co_await auth::sign_in_by_device(
        source, std::move(*where), std::move(scopes), agent, policy, session.abort()
    );
  } else if (command.headless) {
    PasteAgent agent;
    grant = co_await auth::sign_in(
        source, std::move(*where), std::move(scopes), agent, policy, session.abort()
    );
  } else {
    BrowserAgent agent(session.worker());
    grant = co_await auth::sign_in(
        source, std::move(*where), std::move(scopes), agent, policy, session.abort()
    );
    co_await agent.close();
  }
  if (!grant) co_return std::unexpected(grant.error());
  const auto lock = co_await alone(session);
  if (!lock) co_return std::unexpected(lock.error());
  const auto kept =
      co_await auth::keep_grant(session.worker(), source.store, session.key(), *grant);
  if (!kept) co_return std::unexpected(kept.error());
  auto text = fmt::format("signed in to {} at {}", session.config().name, grant->issuer);
  if (!grant->scopes.empty()) text += fmt::format(", for {}", auth::join_scopes(grant->scopes));
  if (grant->expires) {
    text += fmt::format(
        "; good until {}{}", core::rfc3339(*grant->expires),
        grant->refresh_token.empty() ? "" : ", then refreshed"
    );
  }
  print(text + "\n");
  co_return Result<void>{};
}

/// RFC 7009; best effort: what is forgotten here is forgotten, whatever the server says.
awaitable<void> revoke(Session& session, const auth::Grant& grant) {
  const auto server = core::Url::parse(session.config().url);
  if (!server) co_return;
  const auth::FetchPolicy policy((co_await session.fetcher().is_inside(*server)).value_or(false));
  const auto where =
      co_await auth::discover(session.source(), *server, {}, policy, session.abort());
  if (!where || where->server.issuer != grant.issuer || where->server.revocation_endpoint.empty())
    co_return;
  const auto endpoint = core::Url::parse(where->server.revocation_endpoint);
  auto client =
      auth::token_client(session.config().oauth, grant.client, {}, *session.parts().random);
  if (!endpoint || !client) co_return;
  const bool refresh = !grant.refresh_token.empty();
  auth::TokenRequest request(
      *endpoint, grant.issuer,
      {{"token", refresh ? grant.refresh_token : grant.access_token},
       {"token_type_hint", refresh ? "refresh_token" : "access_token"}},
      std::move(*client), *session.parts().random, session.parts().clock()
  );
  co_await auth::drive(request, session.fetcher(), policy, session.abort());
}

awaitable<Result<void>> sign_out(Session& session) {
  auto& store = *session.parts().store;
  const auto lock = co_await alone(session);
  if (!lock) co_return std::unexpected(lock.error());
  const auto found = co_await auth::find_grant(session.worker(), store, session.key());
  // What cannot be read is forgotten all the same.
  if (found && !*found) {
    print(fmt::format("nobody is signed in to {}\n", session.config().name));
    co_return Result<void>{};
  }
  if (found) co_await revoke(session, **found);
  std::promise<Result<void>> forgotten;
  store.forget(session.key(), [&](Result<void> done) { forgotten.set_value(std::move(done)); });
  const auto gone = forgotten.get_future().get();
  if (!gone) co_return std::unexpected(gone.error());
  print(fmt::format("signed out of {}\n", session.config().name));
  co_return Result<void>{};
}

awaitable<Result<void>> show_token(Session& session) {
  const auto credentials = std::make_shared<transport::Credentials>(session.config().headers);
  const auto authenticator = std::make_shared<auth::Authenticator>(
      session.worker(), session.shared_config(), credentials, session.parts()
  );
  auto ready = co_await authenticator->prepare();
  const bool asked = ready.what != auth::Readiness::What::ready || authenticator->needs_person();
  if (!asked && credentials->current()->token.empty()) {
    // Nobody has wanted this one yet.
    authenticator->refused({.version = credentials->version()});
    ready = co_await authenticator->prepare();
  }
  co_await authenticator->stop();
  const auto& value = credentials->current()->token;
  switch (ready.what) {
    case auth::Readiness::What::ready:
      break;
    case auth::Readiness::What::later:
      co_return fail(Reason::unavailable, session.config().name + ": " + ready.why);
    case auth::Readiness::What::refused:
      co_return fail(
          Reason::rejected, fmt::format(
                                "{}: {}; check auth.* of this server in the configuration",
                                session.config().name, ready.why
                            )
      );
    default:
      co_return fail(
          Reason::login_needed, fmt::format(
                                    "{}: {}; run mooring login {}", session.config().name,
                                    ready.why, session.login_target()
                                )
      );
  }
  if (value.empty()) {
    co_return fail(
        Reason::login_needed, fmt::format(
                                  "nobody is signed in to {}; run mooring login {}",
                                  session.config().name, session.login_target()
                              )
    );
  }
  print(value + "\n");
  co_return Result<void>{};
}

}  // namespace

int login(const LoginCommand& command) {
  const Interrupts interrupts;
  if (command.device && command.headless)
    return complain(usage, "--device and --headless exclude each other");
  const bool browser = !command.device && !command.headless;
  if (browser && !stderr_is_terminal()) {
    return complain(
        failed,
        fmt::format(
            "a login needs a person, and there is no terminal: run mooring login {} in one, with "
            "--headless over ssh, or with --device",
            command.server
        )
    );
  }
  Session session(command);
  if (const auto open = session.open(command); !open) return complain(open.error());
  if (const auto done = session.run(sign_in(session, command)); !done)
    return complain(done.error());
  session.tell_gateway();
  return success;
}

int logout(const ServerOptions& options) {
  const Interrupts interrupts;
  Session session(options);
  if (const auto open = session.open(options); !open) return complain(open.error());
  if (const auto done = session.run(sign_out(session)); !done) return complain(done.error());
  session.tell_gateway();
  return success;
}

int token(const ServerOptions& options) {
  const Interrupts interrupts;
  Session session(options);
  if (const auto open = session.open(options); !open) return complain(open.error());
  if (const auto done = session.run(show_token(session)); !done) return complain(done.error());
  return success;
}

}  // namespace mooring::cli
