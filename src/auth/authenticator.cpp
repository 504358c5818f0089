#include "auth/authenticator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/redact.hpp"

namespace mooring::auth {

namespace {

constexpr core::Duration goodbye = std::chrono::seconds(5);
/// A new token that is refused within this time will not be exchanged for another.
constexpr std::chrono::seconds freshness = std::chrono::seconds(60);
constexpr core::Duration shortest_refresh = std::chrono::seconds(5);
constexpr core::Duration first_retry = std::chrono::seconds(5);
constexpr core::Duration last_retry = std::chrono::seconds(60);
constexpr std::chrono::seconds shortest_life = std::chrono::seconds(10);
constexpr std::chrono::seconds longest_lead = std::chrono::seconds(60);
/// "Scope Challenge Handling": a few tries, then it is a permanent failure.
constexpr int most_sign_ins = 3;

std::string without_query(const std::string& url) { return url.substr(0, url.find_first_of("?#")); }

bool is_authorization(const std::pair<std::string, std::string>& header) {
  constexpr std::string_view name = "authorization";
  return std::ranges::equal(header.first, name, {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
}

}  // namespace

Authenticator::Authenticator(
    io::Worker& home, std::shared_ptr<const UpstreamConfig> config,
    std::shared_ptr<transport::Credentials> credentials, AuthenticatorParts parts
)
    : home_(home),
      config_(std::move(config)),
      credentials_(std::move(credentials)),
      parts_(std::move(parts)),
      fetcher_(parts_.fetcher(home, *config_)),
      key_{without_query(config_->url), {}},
      ended_(home.executor(), home.timers()),
      changed_(home.executor(), home.timers()),
      tasks_(home.executor()) {}

TokenSource Authenticator::source() {
  return {home_, config_->oauth, *fetcher_, *parts_.store, *parts_.random, parts_.clock};
}

bool Authenticator::uses_oauth() const {
  return config_->oauth.grant != OAuthConfig::Grant::none && !config_->url.empty() &&
         std::ranges::none_of(config_->headers, is_authorization);
}

bool Authenticator::needs_person() const {
  return config_->oauth.grant == OAuthConfig::Grant::authorization_code;
}

/// A token refused so soon is no better than the one before it.
bool Authenticator::just_given() const {
  return fresh_ && grant_ && parts_.clock() - grant_->issued < freshness;
}

bool Authenticator::usable() const {
  return grant_ && !refusal_ && !grant_->expired(parts_.clock());
}

bool Authenticator::can_step_up() const {
  if (!uses_oauth() || sign_ins_ >= most_sign_ins) return false;
  return parts_.user || !needs_person();
}

void Authenticator::refused(Refusal refusal) {
  // Meanwhile others stand: nothing is to be mended.
  if (!uses_oauth() || refusal.version < version_) return;
  if (refusal.served) {
    fresh_ = false;
    sign_ins_ = 0;
  }
  if (refusal.status == 403) {
    const auto asked = split_scopes(oauth_challenge(refusal.challenge)["scope"]);
    missed_ = united(std::move(missed_), asked);
    if (!can_step_up()) return;
  }
  refusal_ = std::move(refusal);
}

void Authenticator::forgive() {
  login_.reset();
  refusal_.reset();
  fresh_ = false;
  sign_ins_ = 0;
}

std::string Authenticator::login_command() const {
  auto command = "mooring login " + config_->name;
  if (!missed_.empty()) command += fmt::format(" --scope '{}'", join_scopes(missed_));
  return command;
}

std::optional<SignedIn> Authenticator::signed_in() const {
  if (!grant_) return std::nullopt;
  return SignedIn{grant_->issuer, grant_->scopes, grant_->expires, !grant_->refresh_token.empty()};
}

Readiness Authenticator::needs_login(std::string why) {
  login_ = std::move(why);
  return {Readiness::What::login_needed, *login_};
}

awaitable<Readiness> Authenticator::prepare() {
  const auto self = shared_from_this();
  if (parts_.headers) {
    auto headers = parts_.headers(*config_);
    if (!headers) co_return Readiness{Readiness::What::refused, headers.error().detail};
    credentials_->set_headers(std::move(*headers));
  }
  if (!uses_oauth()) co_return Readiness{};
  // What runs ahead of time may change what there is to look at.
  while (running_ && !stop_.aborted()) co_await ended_.wait(std::nullopt, &stop_);
  if (stop_.aborted()) co_return Readiness{Readiness::What::later, "shutting down"};
  begin();
  auto ready = co_await look();
  end();
  co_return ready;
}

/// One at a time: a look, or a refresh ahead of time.
void Authenticator::begin() {
  running_ = true;
  ended_.reset();
}

void Authenticator::end() {
  running_ = false;
  ended_.set();
}

awaitable<Readiness> Authenticator::look() {
  if (!std::exchange(loaded_, true)) {
    auto found = co_await find_grant(home_, *parts_.store, key_);
    if (!found) co_return needs_login(found.error().detail);
    if (*found) adopt(std::move(**found));
    tasks_.spawn(keep_fresh());
  }
  if (login_) {
    // Only what somebody else wrote can help.
    if (co_await adopt_from_store()) co_return Readiness{};
    co_return Readiness{Readiness::What::login_needed, *login_};
  }
  // A server that has refused nothing may ask for nothing.
  if (usable() || (!grant_ && !refusal_)) co_return Readiness{};
  co_return co_await renew();
}

awaitable<Readiness> Authenticator::renew() {
  const auto held = co_await lock_grant(home_, *parts_.store, key_, stop_);
  if (!held) co_return Readiness{Readiness::What::later, held.error().detail, first_retry};
  if (!*held) {
    co_return Readiness{
        Readiness::What::later, "another process is signing in to this server", first_retry
    };
  }
  co_return co_await renew_locked();
}

/// True: the store holds a token that nobody has refused.
awaitable<bool> Authenticator::adopt_from_store() {
  auto found = co_await find_grant(home_, *parts_.store, key_);
  if (!found || !*found) co_return false;
  auto& stored = **found;
  const bool other = !grant_ || stored.access_token != grant_->access_token;
  if (!other || stored.expired(parts_.clock())) {
    // Nobody else may have used the refresh token since.
    if (other) {
      const auto refused = refusal_;
      adopt(std::move(stored));
      refusal_ = refused;
    }
    co_return false;
  }
  core::log::info("auth", "{}: took the credentials that another process wrote", config_->name);
  adopt(std::move(stored));
  co_return true;
}

awaitable<Readiness> Authenticator::renew_locked() {
  const bool step_up = refusal_ && refusal_->status == 403;
  if (co_await adopt_from_store()) co_return Readiness{};
  if (grant_ && grant_->expired(parts_.clock())) sign_ins_ = 0;  // its time was simply over
  if (!step_up && just_given() && refusal_ && needs_person() && !parts_.user)
    co_return needs_login("the server refuses the token that it was just given");
  const auto challenge = oauth_challenge(refusal_ ? refusal_->challenge : std::string());
  const auto server = core::Url::parse(config_->url);
  if (!server) co_return Readiness{Readiness::What::refused, server.error().detail};
  if (!policy_) policy_.emplace(co_await fetcher_->is_inside(*server));
  auto where = co_await discover(source(), *server, challenge, *policy_, stop_);
  if (!where) {
    if (where.error().reason == Reason::unavailable)
      co_return Readiness{Readiness::What::later, where.error().detail, first_retry};
    co_return needs_login(where.error().detail);
  }
  // A plain 401 of a server that knows nothing of OAuth is about the configured headers.
  if (where->guessed && !parts_.user && challenge.scheme.empty())
    co_return Readiness{Readiness::What::refused, "HTTP 401, and it offers no sign-in"};
  server_ = where->server;
  const bool moved = grant_ && grant_->issuer != where->server.issuer;
  if (moved) {
    core::log::warn(
        "auth", "{}: its authorization server is now {}; what {} gave is not shown to it",
        config_->name, where->server.issuer, grant_->issuer
    );
  }
  const bool refreshable = grant_ && !moved && !grant_->refresh_token.empty();
  if (refreshable && !step_up && !(just_given() && refusal_)) co_return co_await by_refresh(*where);
  if (!needs_person()) co_return co_await without_person(*where);
  if (moved && !parts_.user)
    co_return needs_login("its authorization server has changed to " + where->server.issuer);
  co_return co_await by_person(*where);
}

awaitable<Readiness> Authenticator::by_refresh(Discovered where) {
  auto renewed = co_await refresh(source(), *grant_, where.server, *policy_, stop_);
  if (renewed) co_return co_await taken(std::move(*renewed));
  auto error = std::move(renewed.error());
  core::log::warn("auth", "{}: not refreshed: {}", config_->name, error.text);
  if (error.transient) {
    co_return Readiness{
        Readiness::What::later, error.text, error.retry_after.value_or(first_retry)
    };
  }
  // Somebody may have signed in meanwhile.
  if (co_await adopt_from_store()) co_return Readiness{};
  // Never again with this one: not by us, and not by the next process.
  auto spent = *grant_;
  spent.refresh_token.clear();
  static_cast<void>(co_await keep_grant(home_, *parts_.store, key_, spent));
  grant_->refresh_token.clear();
  if (usable()) co_return Readiness{};  // asked ahead of time: there is still a good token
  if (error.code == "invalid_client" && spent.client.kind == Registration::Kind::dynamic) {
    parts_.store->forget_registration(spent.client.issuer, [](const Result<void>&) {});
  }
  if (!needs_person()) co_return co_await without_person(std::move(where));
  if (parts_.user) co_return co_await by_person(std::move(where));
  co_return needs_login(error.text);
}

std::vector<std::string> Authenticator::wanted_scopes(const Discovered& where) const {
  const auto& configured = config_->oauth.scopes;
  auto scopes = configured.empty() ? where.scopes : configured;
  if (grant_ && grant_->issuer == where.server.issuer) scopes = united(grant_->requested, scopes);
  return united(std::move(scopes), missed_);
}

awaitable<Readiness> Authenticator::without_person(Discovered where) {
  if (sign_ins_ >= most_sign_ins || (just_given() && refusal_ && refusal_->status == 401)) {
    co_return Readiness{Readiness::What::refused, "the server refuses the token that it was given"};
  }
  ++sign_ins_;
  auto scopes = wanted_scopes(where);
  auto got = co_await obtain(source(), std::move(where), std::move(scopes), *policy_, stop_);
  if (got) co_return co_await taken(std::move(*got));
  core::log::warn("auth", "{}: no token: {}", config_->name, got.error().text);
  const auto what = got.error().transient ? Readiness::What::later : Readiness::What::refused;
  co_return Readiness{what, got.error().text, got.error().retry_after};
}

awaitable<Readiness> Authenticator::by_person(Discovered where) {
  if (!parts_.user) {
    co_return needs_login(
        grant_ ? "the sign-in has expired" : "nobody has signed in to this server"
    );
  }
  if (sign_ins_ >= most_sign_ins)
    co_return needs_login("the server asks for more after every sign-in");
  ++sign_ins_;
  auto scopes = wanted_scopes(where);
  auto done = co_await sign_in(
      source(), std::move(where), std::move(scopes), *parts_.user, *policy_, stop_
  );
  if (done) co_return co_await taken(std::move(*done));
  core::log::warn("auth", "{}: not signed in: {}", config_->name, done.error().detail);
  if (done.error().reason == Reason::unavailable)
    co_return Readiness{Readiness::What::later, done.error().detail, done.error().retry_after};
  co_return needs_login(done.error().detail);
}

/// Kept before it is used: a token that only this process knows would be lost with it.
awaitable<Readiness> Authenticator::taken(Grant grant) {
  const auto kept = co_await keep_grant(home_, *parts_.store, key_, grant);
  if (!kept)
    core::log::error(
        "auth", "{}: the new token is not kept: {}", config_->name, kept.error().detail
    );
  core::log::info("auth", "{}: new token of {}", config_->name, grant.issuer);
  adopt(std::move(grant));
  fresh_ = true;
  co_return Readiness{};
}

void Authenticator::adopt(Grant grant) {
  core::register_secret(grant.access_token);
  core::register_secret(grant.refresh_token);
  core::register_secret(grant.client.client_secret);
  std::shared_ptr<transport::ProofOfPossession> proof;
  if (!grant.dpop_key.empty() && grant.token_type.size() == 4) {
    auto key = SigningKey::from_pem(grant.dpop_key);
    if (key) proof = std::make_shared<DpopProver>(std::move(*key), *parts_.random);
  }
  credentials_->set_token(grant.access_token, std::move(proof));
  version_ = credentials_->version();
  grant_ = std::move(grant);
  refusal_.reset();
  login_.reset();
  missed_.clear();
  fresh_ = false;
  changed_.notify();
}

/// When new tokens are due before the old ones end; empty: never. A life too short to be true is
/// left to the server's 401.
std::optional<SystemTime> Authenticator::refresh_due() const {
  if (!grant_ || !grant_->expires || login_) return std::nullopt;
  if (grant_->refresh_token.empty() && needs_person()) return std::nullopt;
  const auto life =
      std::chrono::duration_cast<std::chrono::seconds>(*grant_->expires - grant_->issued);
  if (life < shortest_life) return std::nullopt;
  return *grant_->expires - std::min(longest_lead, life / 4);
}

/// So that no call meets a 401.
awaitable<void> Authenticator::keep_fresh() {
  auto& timers = home_.timers();
  auto retry = first_retry;
  auto not_before = timers.now();
  while (!stop_.aborted()) {
    const auto due = refresh_due();
    if (!due) {
      co_await changed_.wait(std::nullopt, &stop_);
      continue;
    }
    const auto left = std::chrono::duration_cast<core::Duration>(*due - parts_.clock());
    const auto at = std::max(timers.now() + left, not_before);
    if (timers.now() < at) {
      co_await changed_.wait(at, &stop_);
      continue;
    }
    if (running_) {  // it may well bring what is due
      co_await ended_.wait(std::nullopt, &stop_);
      continue;
    }
    begin();
    const auto token = grant_->access_token;
    const auto ready = co_await renew();
    end();
    const bool renewed = ready.what == Readiness::What::ready && grant_->access_token != token;
    retry = renewed ? first_retry : std::min(retry * 2, last_retry);
    not_before = timers.now() + (renewed ? shortest_refresh : retry);
  }
}

awaitable<void> Authenticator::stop() {
  const auto self = shared_from_this();
  if (running_) co_await ended_.wait(home_.timers().now() + goodbye);
  stop_.abort();
  co_await tasks_.join();
}

}  // namespace mooring::auth
