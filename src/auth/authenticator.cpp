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
constexpr std::size_t most_missed_scopes = 32;
constexpr std::size_t remembered_tokens = 8;

std::string without_query(const std::string& url) { return url.substr(0, url.find_first_of("?#")); }

/// What a server asks for ends in a command that people paste into a shell.
bool is_plain_scope(std::string_view scope) {
  constexpr std::size_t longest = 128;
  constexpr std::string_view marks = "._:/+@*-";
  return !scope.empty() && scope.size() <= longest && std::ranges::all_of(scope, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

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

/// Whoever gives new grants can be asked now.
bool Authenticator::comes_by_itself() const { return parts_.user || !needs_person(); }

bool Authenticator::can_step_up() const {
  return uses_oauth() && sign_ins_ < most_sign_ins && comes_by_itself();
}

void Authenticator::refused(Refusal refusal) {
  // Meanwhile others stand: nothing is to be mended.
  if (!uses_oauth() || refusal.version < version_) return;
  if (refusal.served) {
    fresh_ = false;
    sign_ins_ = 0;
  }
  if (refusal.status == 403) {
    auto asked = split_scopes(oauth_challenge(refusal.challenge)["scope"]);
    std::erase_if(asked, [](const auto& scope) { return !is_plain_scope(scope); });
    missed_ = united(std::move(missed_), asked);
    if (missed_.size() > most_missed_scopes) missed_.resize(most_missed_scopes);
    if (!can_step_up()) return;
  }
  refusal_ = std::move(refusal);
}

void Authenticator::forgive() {
  login_.reset();
  refusal_.reset();
  fresh_ = false;
  sign_ins_ = 0;
  look_again_ = true;
  changed_.notify();
}

std::string Authenticator::login_command() const {
  const auto& target = parts_.login_target.empty() ? config_->name : parts_.login_target;
  auto command = "mooring login " + target;
  if (!missed_.empty()) command += fmt::format(" --scope '{}'", join_scopes(missed_));
  return command;
}

std::optional<SignedIn> Authenticator::signed_in() const {
  if (!grant_) return std::nullopt;
  return SignedIn{grant_->issuer, grant_->scopes, grant_->expires, !grant_->refresh_token.empty()};
}

Readiness Authenticator::needs_login(std::string why) {
  // Asked ahead of time: nobody is needed as long as there is a good token.
  if (usable()) return {Readiness::What::later, std::move(why), last_retry};
  return give_up(std::move(why));
}

Readiness Authenticator::give_up(std::string why) {
  if (!needs_person()) return {Readiness::What::refused, std::move(why)};
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
  if (tasks_.size() == 0) tasks_.spawn(keep_fresh());
  if (!loaded_) {
    auto found = co_await find_grant(home_, *parts_.store, key_);
    if (!found && found.error().reason != Reason::config)
      co_return Readiness{Readiness::What::later, found.error().detail, first_retry};
    loaded_ = true;
    if (!found) co_return needs_login(found.error().detail);
    if (*found) {
      adopt(std::move(**found));
      kept_ = true;
    }
  }
  if (login_) {
    // Only what somebody else wrote can help.
    if (co_await look_into_store() == Stored::taken) co_return Readiness{};
    co_return Readiness{Readiness::What::login_needed, *login_};
  }
  if (std::exchange(look_again_, false) && co_await look_into_store() == Stored::signed_out &&
      !comes_by_itself()) {
    co_return needs_login("signed out");
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

awaitable<Authenticator::Stored> Authenticator::look_into_store() {
  auto found = co_await find_grant(home_, *parts_.store, key_);
  if (!found) co_return Stored::nothing_new;
  if (!*found) {
    if (!kept_) co_return Stored::nothing_new;
    sign_out();
    co_return Stored::signed_out;
  }
  auto& stored = **found;
  // What could not be written is newer than what stands there, whose refresh token is used up.
  if (grant_ && stored.issued < grant_->issued) co_return Stored::nothing_new;
  const bool other = !grant_ || stored.access_token != grant_->access_token;
  if (!other || stored.expired(parts_.clock())) {
    // Nobody else may have used the refresh token since.
    if (other) {
      const auto refused = refusal_;
      adopt(std::move(stored));
      refusal_ = refused;
      kept_ = true;
    }
    co_return Stored::nothing_new;
  }
  core::log::info("auth", "{}: took the credentials that another process wrote", config_->name);
  adopt(std::move(stored));
  kept_ = true;
  co_return Stored::taken;
}

void Authenticator::sign_out() {
  core::log::info("auth", "{}: signed out; its tokens are not used any more", config_->name);
  grant_.reset();
  kept_ = fresh_ = false;
  refusal_.reset();
  credentials_->set_token({}, nullptr);
  version_ = credentials_->version();
}

/// Which addresses the server may send us to; found out once. Empty: its name means nothing just
/// now.
awaitable<std::optional<FetchPolicy>> Authenticator::policy(core::Url server) {
  if (!policy_) {
    const auto inside = co_await fetcher_->is_inside(std::move(server));
    if (inside) policy_.emplace(*inside);
  }
  co_return policy_;
}

/// Where a sign-in stands, documents that are missing are missing for now: a deployment, a proxy.
Readiness Authenticator::not_discovered(const Error& error) {
  const bool refreshable = grant_ && !grant_->refresh_token.empty();
  if (error.reason == Reason::unavailable || (refreshable && error.reason == Reason::io))
    return {Readiness::What::later, error.detail, first_retry};
  return needs_login(error.detail);
}

std::optional<Readiness> Authenticator::moved_away(const Discovered& where) {
  if (!grant_ || grant_->issuer == where.server.issuer) return std::nullopt;
  core::log::warn(
      "auth", "{}: its authorization server is now {}; what {} gave is not shown to it",
      config_->name, where.server.issuer, grant_->issuer
  );
  // The 2025-03-26 guess: the documents that named the other one are not there just now.
  if (where.legacy && !grant_->refresh_token.empty() && !parts_.user)
    return Readiness{
        Readiness::What::later,
        fmt::format("its resource metadata are gone; if that is meant, run {}", login_command()),
        first_retry
    };
  const auto& oauth = config_->oauth;
  const bool own_client = !needs_person() || !oauth.client_id.empty();
  if (own_client && oauth.issuer.empty()) {
    return Readiness{
        Readiness::What::refused,
        fmt::format(
            "its authorization server has changed from {} to {}; set auth.issuer if that is right",
            grant_->issuer, where.server.issuer
        )
    };
  }
  if (comes_by_itself()) return std::nullopt;
  return needs_login("its authorization server has changed to " + where.server.issuer);
}

awaitable<Readiness> Authenticator::renew_locked() {
  const bool step_up = refusal_ && refusal_->status == 403;
  const auto stored = co_await look_into_store();
  if (stored == Stored::taken) co_return Readiness{};
  if (stored == Stored::signed_out && !comes_by_itself()) co_return needs_login("signed out");
  // Its time was simply over, or will be soon.
  if (!refusal_ || (grant_ && grant_->expired(parts_.clock()))) sign_ins_ = 0;
  if (!step_up && just_given() && refusal_ && !comes_by_itself())
    co_return needs_login("the server refuses the token that it was just given");
  const auto challenge = oauth_challenge(refusal_ ? refusal_->challenge : std::string());
  const auto server = core::Url::parse(config_->url);
  if (!server) co_return Readiness{Readiness::What::refused, server.error().detail};
  const auto allowed = co_await policy(*server);
  if (!allowed) {
    co_return Readiness{
        Readiness::What::later, fmt::format("{} has no address just now", server->host), first_retry
    };
  }
  auto where = co_await discover(source(), *server, challenge, *allowed, stop_);
  if (!where) co_return not_discovered(where.error());
  // A plain 401 of a server that knows nothing of OAuth is about the configured headers.
  if (where->guessed && !grant_ && !parts_.user && challenge.scheme.empty())
    co_return Readiness{Readiness::What::refused, "HTTP 401, and it offers no sign-in"};
  if (auto away = moved_away(*where)) co_return std::move(*away);
  const bool moved = grant_ && grant_->issuer != where->server.issuer;
  const bool refreshable = grant_ && !moved && !grant_->refresh_token.empty();
  if (refreshable && !step_up && !(just_given() && refusal_)) co_return co_await by_refresh(*where);
  if (!needs_person()) co_return co_await without_person(*where);
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
  // Somebody may have signed in or out meanwhile.
  const auto stored = co_await look_into_store();
  if (stored == Stored::taken) co_return Readiness{};
  if (stored == Stored::signed_out) co_return co_await anew(std::move(where), "signed out");
  const bool of_registration =
      error.code == "invalid_client" && grant_->client.kind == Registration::Kind::dynamic;
  const bool spent = error.code == "invalid_grant" || of_registration;
  // What says nothing about the grant leaves it alone: a wrong secret, a key that is gone.
  const bool about_us = error.code.empty() || (error.code == "invalid_client" && !of_registration);
  if (about_us && usable()) co_return Readiness{Readiness::What::later, error.text, last_retry};
  if (about_us) co_return Readiness{Readiness::What::refused, error.text};
  if (spent) {
    // Never again with this one: not by us, and not by the next process.
    grant_->refresh_token.clear();
    static_cast<void>(co_await keep_grant(home_, *parts_.store, key_, *grant_));
    if (usable()) co_return Readiness{};  // asked ahead of time: there is still a good token
  }
  if (of_registration)
    parts_.store->forget_registration(grant_->client.issuer, [](const Result<void>&) {});
  co_return co_await anew(std::move(where), error.text);
}

/// Another grant in place of the one that has ended; `why` it has.
awaitable<Readiness> Authenticator::anew(Discovered where, std::string why) {
  if (!needs_person()) co_return co_await without_person(std::move(where));
  if (parts_.user) co_return co_await by_person(std::move(where));
  co_return needs_login(std::move(why));
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
  kept_ = kept.has_value();
  fresh_ = true;
  co_return Readiness{};
}

void Authenticator::adopt(Grant grant) {
  keep_secret(grant.access_token);
  keep_secret(grant.refresh_token);
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

/// Tokens that were replaced long ago open nothing any more, and the list of secrets must not grow
/// for ever.
void Authenticator::keep_secret(const std::string& token) {
  if (token.empty() || std::ranges::find(secrets_, token) != secrets_.end()) return;
  core::register_secret(token);
  secrets_.push_back(token);
  if (secrets_.size() <= remembered_tokens) return;
  core::forget_secret(secrets_.front());
  secrets_.erase(secrets_.begin());
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
