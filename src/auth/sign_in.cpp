#include "auth/sign_in.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "auth/registration.hpp"
#include "core/file.hpp"
#include "core/redact.hpp"

namespace mooring::auth {

namespace {

constexpr core::Duration lock_patience = std::chrono::seconds(30);
constexpr core::Duration lock_pause = std::chrono::milliseconds(50);

/// Waits for what a store answers on a thread of its own.
template <class T>
awaitable<Result<T>> from_store(
    io::Worker& home, std::function<void(std::function<void(Result<T>)>)> ask
) {
  struct Pending {
    explicit Pending(io::Worker& worker) : answered(worker.executor(), worker.timers()) {}
    io::Event answered;
    std::optional<Result<T>> result;
  };
  const auto pending = std::make_shared<Pending>(home);
  ask([pending, &home](Result<T> result) {
    auto shared = std::make_shared<Result<T>>(std::move(result));
    const auto deliver = [pending, shared] {
      pending->result = std::move(*shared);
      pending->answered.set();
    };
    if (home.on_this_thread()) return deliver();
    home.post(deliver);
  });
  co_await pending->answered.wait();
  co_return std::move(*pending->result);
}

awaitable<Result<std::optional<Registration>>> find_registration(
    TokenSource& source, std::string issuer
) {
  co_return co_await from_store<std::optional<Registration>>(source.home, [&](auto then) {
    source.store.find_registration(issuer, std::move(then));
  });
}

awaitable<Result<void>> keep_registration(TokenSource& source, Registration registration) {
  co_return co_await from_store<void>(source.home, [&](auto then) {
    source.store.keep_registration(registration, std::move(then));
  });
}

awaitable<Result<Registration>> client_of(
    TokenSource& source, const ServerMetadata& server, std::string redirect_uri,
    std::vector<std::string> scopes, FetchPolicy policy, io::AbortSource& abort
) {
  // One that cannot be read is none: we register anew.
  auto kept = co_await find_registration(source, server.issuer);
  auto known = known_client(
      source.config, server, kept.value_or(std::nullopt), redirect_uri, source.clock()
  );
  if (known) co_return std::move(*known);
  auto machine = ClientRegistration::begin(server, std::move(redirect_uri), std::move(scopes));
  if (!machine) co_return std::unexpected(machine.error());
  co_await drive(*machine, source.fetcher, policy, abort);
  auto made = machine->result();
  if (!made) co_return made;
  const auto stored = co_await keep_registration(source, *made);
  if (!stored) co_return std::unexpected(stored.error());
  co_return made;
}

Result<core::Url> endpoint(
    std::string_view name, const std::string& text, const FetchPolicy& policy
) {
  if (text.empty())
    return fail(Reason::protocol, fmt::format("the authorization server names no {}", name));
  auto url = core::Url::parse(text);
  if (!url) return fail(Reason::protocol, fmt::format("{}: {}", name, url.error().detail));
  if (const auto allowed = policy.check(*url); !allowed) return std::unexpected(allowed.error());
  return url;
}

/// An empty grant to be filled with tokens.
Grant blank(
    const OAuthConfig& config, const Discovered& where, Registration client,
    std::vector<std::string> scopes
) {
  Grant grant;
  grant.issuer = where.server.issuer;
  grant.resource = where.resource;
  grant.requested = std::move(scopes);
  grant.client = std::move(client);
  if (config.dpop || where.dpop) grant.dpop_key = SigningKey::generate().to_pem();
  return grant;
}

Error as_error(const TokenError& error) {
  return {
      error.transient ? Reason::unavailable : Reason::login_needed, error.text, error.retry_after
  };
}

TokenError as_token_error(const Error& error) {
  TokenError out;
  out.transient = error.reason == Reason::unavailable;
  out.text = error.detail;
  return out;
}

awaitable<std::expected<Grant, TokenError>> ask_for_tokens(
    TokenSource& source, Grant grant, std::string token_endpoint, Fields fields, FetchPolicy policy,
    io::AbortSource& abort
) {
  const auto at = endpoint("token endpoint", token_endpoint, policy);
  if (!at) co_return std::unexpected(as_token_error(at.error()));
  auto client = token_client(source.config, grant.client, grant.dpop_key, source.random);
  if (!client) co_return std::unexpected(as_token_error(client.error()));
  TokenRequest machine(
      *at, grant.issuer, std::move(fields), std::move(*client), source.random, source.clock()
  );
  co_await drive(machine, source.fetcher, policy, abort);
  const auto& answer = machine.result();
  if (!answer) co_return std::unexpected(answer.error());
  co_return granted(std::move(grant), *answer, source.clock());
}

/// The JWT that vouches for us or for a person, as it is now.
Result<std::string> assertion_now(const OAuthConfig& config) {
  if (config.assertion_file.empty()) return config.assertion;
  constexpr std::size_t longest = 64 * 1024;
  auto text = core::read_file(config.assertion_file, longest);
  if (!text) return text;
  while (!text->empty() && static_cast<unsigned char>(text->back()) <= ' ') text->pop_back();
  core::register_secret(*text);
  return text;
}

/// Step 1 of Enterprise-Managed Authorization: the company's provider vouches for the person.
awaitable<std::expected<std::string, TokenError>> identity_assertion(
    TokenSource& source, const Discovered& where, std::vector<std::string> scopes,
    io::AbortSource& abort
) {
  const auto& config = source.config;
  Grant idp;
  idp.issuer = config.idp_issuer;
  idp.client.client_id = config.idp_client_id;
  idp.client.client_secret = config.idp_client_secret;
  if (!config.idp_client_secret.empty()) idp.client.method = ClientAuth::basic;
  const auto id_token = assertion_now(config);
  if (!id_token) co_return std::unexpected(as_token_error(id_token.error()));
  auto fields = id_jag_grant(*id_token, where.server.issuer, where.resource, scopes);
  // The operator has named this address: it may be inside, wherever the MCP server is.
  auto vouched = co_await ask_for_tokens(
      source, std::move(idp), config.idp_token_endpoint, std::move(fields), FetchPolicy(true), abort
  );
  if (!vouched) {
    vouched.error().text = "identity provider: " + vouched.error().text;
    co_return std::unexpected(std::move(vouched.error()));
  }
  co_return std::move(vouched->access_token);
}

}  // namespace

awaitable<Result<std::unique_ptr<CredentialStore::Lock>>> lock_grant(
    io::Worker& home, CredentialStore& store, GrantKey key, io::AbortSource& abort
) {
  auto& timers = home.timers();
  const auto until = timers.now() + lock_patience;
  for (;;) {
    auto held = store.try_lock(key);
    if (!held || *held || abort.aborted() || timers.now() >= until) co_return held;
    co_await io::sleep_until(timers, timers.now() + lock_pause, &abort);
  }
}

awaitable<Result<std::optional<Grant>>> find_grant(
    io::Worker& home, CredentialStore& store, GrantKey key
) {
  co_return co_await from_store<std::optional<Grant>>(home, [&](auto then) {
    store.find(key, std::move(then));
  });
}

awaitable<Result<void>> keep_grant(
    io::Worker& home, CredentialStore& store, GrantKey key, Grant grant
) {
  co_return co_await from_store<void>(home, [&](auto then) {
    store.keep(key, grant, std::move(then));
  });
}

Result<TokenClient> token_client(
    const OAuthConfig& config, const Registration& registration, const std::string& dpop_key,
    core::Random& random
) {
  TokenClient client;
  client.registration = registration;
  if (registration.method == ClientAuth::private_key_jwt) {
    auto key = SigningKey::from_pem(config.private_key);
    if (key && !config.signing_algorithm.empty())
      key = key->with_algorithm(config.signing_algorithm);
    if (!key) return std::unexpected(key.error());
    client.key = std::move(*key);
  }
  if (!dpop_key.empty()) {
    auto key = SigningKey::from_pem(dpop_key);
    if (!key) return std::unexpected(key.error());
    client.prover = std::make_shared<DpopProver>(std::move(*key), random);
  }
  return client;
}

awaitable<Result<Discovered>> discover(
    TokenSource source, core::Url server, Challenge challenge, FetchPolicy policy,
    io::AbortSource& abort
) {
  Discovery machine(std::move(server), std::move(challenge), policy, source.config.issuer);
  co_await drive(machine, source.fetcher, policy, abort);
  co_return machine.result();
}

awaitable<Result<Grant>> sign_in(
    TokenSource source, Discovered where, std::vector<std::string> scopes, UserAgent& user,
    FetchPolicy policy, io::AbortSource& abort
) {
  const auto kept =
      (co_await find_registration(source, where.server.issuer)).value_or(std::nullopt);
  const auto& configured = source.config.redirect_uri;
  const auto own = configured.empty() ? user.redirect_uri(kept ? kept->redirect_uri : std::string())
                                      : user.use_redirect_uri(configured);
  if (!own) co_return std::unexpected(own.error());
  const auto& redirect = *own;
  scopes = scopes_to_ask(scopes, where.server);
  auto client = co_await client_of(source, where.server, redirect, scopes, policy, abort);
  if (!client) co_return std::unexpected(client.error());
  const auto request = begin_authorization(where, *client, scopes, redirect, policy, source.random);
  if (!request) co_return std::unexpected(request.error());
  auto callback = co_await user.authorize(request->url, abort);
  if (!callback) co_return std::unexpected(callback.error());
  const auto code = read_callback(*request, *callback);
  if (!code) co_return std::unexpected(code.error());
  auto fields = code_grant(*code, request->redirect_uri, request->verifier, where.resource);
  auto grant = blank(source.config, where, std::move(*client), std::move(scopes));
  auto done = co_await ask_for_tokens(
      source, std::move(grant), where.server.token_endpoint, std::move(fields), policy, abort
  );
  if (!done) co_return std::unexpected(as_error(done.error()));
  co_return std::move(*done);
}

awaitable<Result<Grant>> sign_in_by_device(
    TokenSource source, Discovered where, std::vector<std::string> scopes, UserAgent& user,
    FetchPolicy policy, io::AbortSource& abort
) {
  const auto codes =
      endpoint("device authorization endpoint", where.server.device_authorization_endpoint, policy);
  if (!codes) {
    co_return fail(
        Reason::config, codes.error().detail + "; sign in with a browser or with --headless"
    );
  }
  const auto tokens = endpoint("token endpoint", where.server.token_endpoint, policy);
  if (!tokens) co_return std::unexpected(tokens.error());
  auto client = co_await client_of(source, where.server, {}, scopes, policy, abort);
  if (!client) co_return std::unexpected(client.error());
  auto grant = blank(source.config, where, std::move(*client), scopes);
  auto who = token_client(source.config, grant.client, grant.dpop_key, source.random);
  if (!who) co_return std::unexpected(who.error());
  DeviceCode machine(
      *codes, *tokens, grant.issuer, std::move(*who), where.resource, std::move(scopes),
      source.random
  );
  bool shown = false;
  auto& timers = source.home.timers();
  while (auto request = machine.next(source.clock())) {
    if (request->after.count() > 0)
      co_await io::sleep_until(timers, timers.now() + request->after, &abort);
    if (abort.aborted()) co_return fail(Reason::cancelled, "interrupted");
    auto reply = co_await source.fetcher.fetch(std::move(*request), policy, abort);
    machine.take(reply, source.clock());
    if (machine.prompt() && !std::exchange(shown, true)) user.show(*machine.prompt());
  }
  const auto& answer = machine.result();
  if (!answer) co_return std::unexpected(as_error(answer.error()));
  co_return granted(std::move(grant), *answer, source.clock());
}

awaitable<std::expected<Grant, TokenError>> obtain(
    TokenSource source, Discovered where, std::vector<std::string> scopes, FetchPolicy policy,
    io::AbortSource& abort
) {
  const auto& config = source.config;
  auto client = known_client(config, where.server, std::nullopt, {}, source.clock());
  auto grant = blank(config, where, client.value_or(Registration{}), scopes);
  Fields fields;
  switch (config.grant) {
    case OAuthConfig::Grant::client_credentials:
      fields = client_credentials_grant(where.resource, scopes);
      break;
    case OAuthConfig::Grant::jwt_bearer: {
      const auto assertion = assertion_now(config);
      if (!assertion) co_return std::unexpected(as_token_error(assertion.error()));
      fields = jwt_bearer_grant(*assertion, where.resource, scopes);
      break;
    }
    case OAuthConfig::Grant::enterprise: {
      auto vouched = co_await identity_assertion(source, where, scopes, abort);
      if (!vouched) co_return std::unexpected(std::move(vouched.error()));
      core::register_secret(*vouched);
      fields = jwt_bearer_grant(*vouched, {}, {});
      break;
    }
    default:
      co_return std::unexpected(TokenError{.text = "this grant needs a person"});
  }
  co_return co_await ask_for_tokens(
      source, std::move(grant), where.server.token_endpoint, std::move(fields), policy, abort
  );
}

awaitable<std::expected<Grant, TokenError>> refresh(
    TokenSource source, Grant grant, ServerMetadata server, FetchPolicy policy,
    io::AbortSource& abort
) {
  auto fields = refresh_grant(grant.refresh_token, grant.resource);
  // The operator's client as it is configured now: its secret may have been replaced.
  if (!source.config.client_id.empty() && grant.client.client_id == source.config.client_id) {
    auto client = known_client(source.config, server, std::nullopt, {}, source.clock());
    if (client) grant.client = std::move(*client);
  }
  co_return co_await ask_for_tokens(
      source, std::move(grant), server.token_endpoint, std::move(fields), policy, abort
  );
}

}  // namespace mooring::auth
