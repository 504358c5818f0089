#include "gateway/own_sessions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "gateway/router.hpp"

namespace mooring::gateway {

namespace {

constexpr core::Duration drain_time = std::chrono::seconds(10);  ///< of a client that has left
constexpr core::Duration reload_time = std::chrono::seconds(2);
constexpr core::Duration idle_interval = std::chrono::seconds(1);

}  // namespace

/// One of them, and the ear for what its server says on its own.
struct OwnSessions::Own final : upstream::Observer {
  Own(OwnSessions& owner, ClientSessionPtr client)
      : of(owner),
        session(std::move(client)),
        ready(owner.workers_.front()->executor(), owner.workers_.front()->timers()) {}

  void changed(const std::string&) override {}
  void list_changed(const std::string&, upstream::ListKind) override {}
  void notification(const std::string&, const protocol::Frame& frame) override {
    of.workers_.front()->post([&control = of.control_, key = session->key,
                               bytes = protocol::one_line(frame.bytes())] {
      control.listeners().to_session(key, bytes);
    });
  }
  awaitable<std::optional<std::string>> request(const std::string&, const protocol::Frame& frame)
      override {
    auto& control = *of.workers_.front();
    if (control.on_this_thread()) co_return co_await ask(frame);
    co_return co_await asio::co_spawn(control.executor(), ask(frame), asio::use_awaitable);
  }
  void recovery(const recovery::Episode& episode) override { of.recorded_(episode); }

  awaitable<std::optional<std::string>> ask(const protocol::Frame& frame) {
    const auto listener = of.control_.listeners().find(session->key);
    if (!listener || gone.aborted()) co_return std::nullopt;
    co_return co_await of.routers_.front()->ask(
        listener->session, listener->outbox, frame,
        live.supervisor->config().client_request_timeout, &gone
    );
  }

  core::TimePoint last_used() const {
    auto last = begun;
    for (const auto& link : live.links)
      last = std::max(last, link->activity().last_used.load(std::memory_order_relaxed));
    return last;
  }
  bool in_use() const {
    return std::ranges::any_of(live.links, [](const auto& link) {
      return link->activity().in_flight.load(std::memory_order_acquire) > 0 ||
             link->activity().tasks.load(std::memory_order_acquire) > 0;
    });
  }

  OwnSessions& of;
  ClientSessionPtr session;
  LiveUpstream live;
  core::TimePoint begun{};
  io::Event ready;       ///< `live` is there
  io::AbortSource gone;  ///< nobody waits for its client's answers any more
};

OwnSessions::OwnSessions(
    std::vector<io::Worker*> workers, UpstreamMaker& maker, Control& control, Recorded recorded,
    const config::GatewayConfig& settings
)
    : workers_(std::move(workers)),
      maker_(maker),
      control_(control),
      recorded_(std::move(recorded)),
      subscriptions_per_session_(settings.limits.subscriptions),
      session_ttl_(settings.session_ttl),
      changed_(workers_.front()->executor(), workers_.front()->timers()),
      tasks_(workers_.front()->executor()) {}

OwnSessions::~OwnSessions() = default;

void OwnSessions::shared(const std::string& server, const LiveUpstream* upstream) {
  if (upstream != nullptr) {
    shared_[server] = upstream;
  } else {
    shared_.erase(server);
  }
  changed_.notify();
}

std::size_t OwnSessions::count(const std::string& server) const {
  return static_cast<std::size_t>(std::ranges::count_if(all_, [&](const auto& entry) {
    return entry.first.first == server;
  }));
}

awaitable<std::expected<std::shared_ptr<upstream::Link>, std::string>> OwnSessions::link(
    ClientSessionPtr session, std::string server, unsigned worker, std::string log_level
) {
  auto& control = *workers_.front();
  if (!control.on_this_thread()) {
    co_return co_await asio::co_spawn(
        control.executor(),
        link(std::move(session), std::move(server), worker, std::move(log_level)),
        asio::use_awaitable
    );
  }
  auto own = co_await get(std::move(session), std::move(server), std::move(log_level));
  if (!own) co_return std::unexpected(std::move(own.error()));
  co_return (*own)->live.links.at(worker);
}

awaitable<std::expected<std::shared_ptr<OwnSessions::Own>, std::string>> OwnSessions::get(
    ClientSessionPtr session, std::string server, std::string log_level
) {
  const Key key{server, session->key};
  // While its configuration changes there is none for a moment.
  const auto until = workers_.front()->timers().now() + reload_time;
  while (!shared_.contains(server) && !stopping_ && workers_.front()->timers().now() < until)
    co_await changed_.wait(until);
  if (const auto found = all_.find(key); found != all_.end()) {
    const auto own = found->second;
    co_await own->ready.wait();
    co_return own;
  }
  const auto like = shared_.find(server);
  if (like == shared_.end() || stopping_)
    co_return std::unexpected(fmt::format("server {} is not connected", server));
  const auto& of_server = like->second->supervisor->config();
  const auto most = static_cast<std::size_t>(of_server.max_client_sessions);
  if (count(server) >= most) {
    co_return std::unexpected(fmt::format(
        "{}: {} clients have a session of their own already (client_sessions.max)", server, most
    ));
  }
  const auto own = std::make_shared<Own>(*this, std::move(session));
  all_.emplace(key, own);
  auto config = of_server;
  config.one_client = true;
  config.lazy = false;
  own->begun = workers_.front()->timers().now();
  own->live = co_await maker_.make(
      std::make_shared<const UpstreamConfig>(std::move(config)), *own, like->second
  );
  core::log::info(
      "gateway", "{}: client {} has a session of its own", server, own->session->client_name
  );
  if (!log_level.empty()) own->live.supervisor->remember_log_level(std::move(log_level));
  if (const auto wanted = wishes_.find(key); wanted != wishes_.end()) {
    for (const auto& uri : wanted->second.uris)
      own->live.supervisor->remember_subscription(uri, true);
  }
  own->live.supervisor->start();
  co_await heard_by_all(*own);
  own->ready.set();
  if (idle_look_ == 0) look_for_idle();
  co_return own;
}

/// A link that has heard nothing yet takes its server for stopped.
awaitable<void> OwnSessions::heard_by_all(const Own& own) {
  const auto pass = [](io::Worker& worker) -> awaitable<void> {
    co_await asio::co_spawn(
        worker.executor(), []() -> awaitable<void> { co_return; }, asio::use_awaitable
    );
  };
  co_await pass(*own.live.home);
  for (auto* worker : workers_) co_await pass(*worker);
}

void OwnSessions::end(std::string session_key) {
  auto action = [this, session_key = std::move(session_key)] {
    const auto until = workers_.front()->timers().now() + drain_time;
    std::erase_if(wishes_, [&](const auto& entry) { return entry.first.second == session_key; });
    for (auto at = all_.begin(); at != all_.end();) {
      const auto here = at++;
      if (here->first.second != session_key) continue;
      tasks_.spawn(retire(here->first, here->second, until));
      all_.erase(here);
    }
  };
  if (workers_.front()->on_this_thread()) return action();
  workers_.front()->post(std::move(action));
}

awaitable<bool> OwnSessions::subscribe(
    std::string server, std::string session_key, std::string uri, bool on
) {
  auto& control = *workers_.front();
  if (!control.on_this_thread()) {
    co_return co_await asio::co_spawn(
        control.executor(),
        subscribe(std::move(server), std::move(session_key), std::move(uri), on),
        asio::use_awaitable
    );
  }
  const Key key{std::move(server), std::move(session_key)};
  if (on) {
    auto& wanted = wishes_[key];
    wanted.until = control.timers().now() + session_ttl_;
    if (wanted.uris.contains(uri)) co_return true;
    if (wanted.uris.size() >= subscriptions_per_session_) co_return false;
    wanted.uris.insert(std::move(uri));
  } else if (const auto found = wishes_.find(key); found != wishes_.end()) {
    found->second.uris.erase(uri);
    if (found->second.uris.empty()) wishes_.erase(found);
  }
  co_return true;
}

void OwnSessions::purge() {
  std::erase_if(wishes_, [now = workers_.front()->timers().now()](const auto& entry) {
    return entry.second.until <= now;
  });
}

/// No new call finds it; those on it are answered, or end at `until`.
awaitable<void> OwnSessions::retire(Key key, std::shared_ptr<Own> own, core::TimePoint until) {
  co_await own->ready.wait();
  own->gone.abort();
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    workers_[i]->post([router = routers_[i], key] { router->forget_own(key.first, key.second); });
  }
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    co_await asio::co_spawn(
        workers_[i]->executor(), routers_[i]->drain(own->live.links[i].get(), until),
        asio::use_awaitable
    );
  }
  co_await maker_.end(std::exchange(own->live, {}));
}

void OwnSessions::look_for_idle() {
  const auto now = workers_.front()->timers().now();
  for (auto at = all_.begin(); at != all_.end();) {
    const auto here = at++;
    const auto& own = here->second;
    if (!own->live.supervisor || own->in_use()) continue;
    const bool listens =
        wishes_.contains(here->first) && control_.listeners().find(here->first.second);
    if (listens) continue;
    const auto& config = own->live.supervisor->config();
    if (now - own->last_used() < config.client_session_idle) continue;
    core::log::info(
        "gateway", "{}: the session of client {} is idle, ended", config.name,
        own->session->client_name
    );
    tasks_.spawn(retire(here->first, own, now + drain_time));
    all_.erase(here);
  }
  idle_look_ = all_.empty() ? 0 : workers_.front()->timers().arm_after(idle_interval, [this] {
    look_for_idle();
  });
}

awaitable<void> OwnSessions::end_all(std::string server, core::TimePoint until) {
  io::TaskGroup ending(workers_.front()->executor());
  for (auto at = all_.begin(); at != all_.end();) {
    const auto here = at++;
    if (here->first.first != server) continue;
    ending.spawn(retire(here->first, here->second, until));
    all_.erase(here);
  }
  co_await ending.join();
}

awaitable<void> OwnSessions::stop() {
  stopping_ = true;
  changed_.notify();
  workers_.front()->timers().cancel(idle_look_);
  io::TaskGroup ending(workers_.front()->executor());
  const auto now = workers_.front()->timers().now();
  for (const auto& [key, own] : std::exchange(all_, {})) ending.spawn(retire(key, own, now));
  co_await ending.join();
  co_await tasks_.join();
}

}  // namespace mooring::gateway
