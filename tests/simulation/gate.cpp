#include "gate.hpp"

#include <fmt/format.h>

namespace mooring::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view issuer = "http://127.0.0.1:10";
/// After a grant was revoked: metadata, and one refresh that is refused. For the operator's own
/// attempts the same again.
constexpr std::size_t requests_in_vain = 3;

test_auth::ServerOptions options() {
  test_auth::ServerOptions options;
  options.issuer = issuer;
  options.access_lifetime = std::chrono::hours(10);  // they end when the weather says so
  options.sign = false;
  return options;
}

}  // namespace

/// HTTP without sockets: it takes its time, and not everything arrives.
class Gate::Way final : public auth::Fetcher {
 public:
  explicit Way(Gate& gate) : gate_(gate) {}

  awaitable<auth::Reply> fetch(auth::Request request, auth::FetchPolicy, io::AbortSource& abort)
      override {
    auto& timers = gate_.home_.timers();
    co_await io::sleep_until(timers, timers.now() + gate_.draw_.time(0, 300), &abort);
    auth::Reply reply;
    reply.error = "cancelled";
    if (abort.aborted()) co_return reply;
    reply = gate_.answer(request);
    co_await io::sleep_until(timers, timers.now() + gate_.draw_.time(0, 300), &abort);
    co_return reply;
  }
  awaitable<std::optional<bool>> is_inside(core::Url) override { co_return true; }

 private:
  Gate& gate_;
};

Gate::Gate(
    Scene& scene, io::Worker& home, Draw draw, std::shared_ptr<const UpstreamConfig> config,
    core::Random& random
)
    : scene_(scene),
      home_(home),
      draw_(draw),
      config_(std::move(config)),
      random_(draw_.next()),
      server_(random_, options()),
      store_(auth::memory_store()),
      credentials_(std::make_shared<transport::Credentials>()) {
  auth::AuthenticatorParts parts;
  parts.store = store_;
  parts.fetcher = [this](io::Worker&, const UpstreamConfig&) {
    return std::make_unique<Way>(*this);
  };
  parts.random = &random;
  parts.clock = [this] { return clock(); };
  authenticator_ =
      std::make_shared<auth::Authenticator>(home, config_, credentials_, std::move(parts));
  sign_in();
}

auth::SystemTime Gate::clock() const { return auth::SystemTime(24h) + scene_.since_begin(); }

bool Gate::lets_in(const std::string& token) {
  return server_.accepts(token, config_->url, clock());
}

/// Like `mooring login`: never while somebody else renews what it is about to replace.
void Gate::sign_in() {
  const auth::GrantKey key{config_->url, {}};
  const auto alone = store_->try_lock(key);
  if (!*alone) return scene_.after(50ms, [this] { sign_in(); });
  scene_.tell(config_->name, "*** somebody signs in");
  if (revoked_) {
    const auto [before, asked] = *std::exchange(revoked_, std::nullopt);
    const auto since = server_.seen().size() - before;
    const auto allowed = requests_in_vain * static_cast<std::size_t>(1 + asked_ - asked);
    if (since > allowed) {
      scene_.broken(
          "left_alone", "the authorization server of {} got {} requests for a revoked grant",
          config_->name, since
      );
    }
  }
  ++sign_ins_;
  auto grant = server_.issue("app", config_->url, {"read"}, clock());
  store_->keep(key, std::move(grant), [](const Result<void>&) {});
}

void Gate::revoke() {
  scene_.tell(config_->name, "*** its grant is revoked");
  ++expirations_;
  trouble_until_ = Duration{0};
  if (!revoked_) revoked_.emplace(server_.seen().size(), asked_);
  server_.revoke_grants();
  scene_.after(draw_.time(8000, 30000), [this] {
    if (!calm_) sign_in();
  });
}

void Gate::begin(Duration trouble) {
  const auto all = static_cast<int>(trouble.count());
  for (int i = draw_.between(1, 6); i > 0; --i) {
    scene_.after(draw_.time(0, all), [this] {
      if (calm_) return;
      scene_.tell(config_->name, "*** its access tokens end");
      ++expirations_;
      server_.expire_access_tokens();
    });
  }
  if (draw_.chance(0.4)) {
    scene_.after(draw_.time(0, all), [this] {
      if (!calm_ && !revoked_) revoke();
    });
  }
  for (int i = draw_.between(0, 2); i > 0; --i) {
    scene_.after(draw_.time(0, all), [this, lasts = draw_.time(500, 10000)] {
      if (calm_ || revoked_) return;
      scene_.tell(config_->name, "*** its authorization server is in trouble");
      trouble_until_ = scene_.since_begin() + lasts;
    });
  }
}

void Gate::calm() {
  calm_ = true;
  trouble_until_ = Duration{0};
  sign_in();
}

auth::Reply Gate::answer(const auth::Request& request) {
  const auto path = request.url.path();
  scene_.tell(config_->name, "  {} {}", request.method, path);
  if (path.starts_with("/.well-known/oauth-protected-resource")) {
    auth::Reply reply;
    reply.status = 200;
    reply.body =
        fmt::format(R"({{"resource":"{}","authorization_servers":["{}"]}})", config_->url, issuer);
    return reply;
  }
  auth::Reply trouble;
  if (scene_.since_begin() < trouble_until_) {
    if (draw_.chance(0.5)) trouble.status = 503;
    trouble.error = "connection refused";
    return trouble;
  }
  return server_.handle(request, clock());
}

void Gate::check() {
  if (server_.reuses() > 0)
    scene_.broken("refresh_once", "{} got a refresh token twice", config_->name);
  const auto granted = static_cast<int>(server_.issued()) - sign_ins_;
  if (granted > expirations_ + refusals_) {
    scene_.broken(
        "no_idle_refresh", "{} got {} refreshes, and {} tokens had ended", config_->name, granted,
        expirations_ + refusals_
    );
  }
}

}  // namespace mooring::simulation
