#include "gateway/gateway.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mooring/version.hpp>

#include "config/diff.hpp"
#include "core/log.hpp"
#include "gateway/history.hpp"
#include "gateway/known_server.hpp"
#include "gateway/log_level.hpp"
#include "protocol/messages.hpp"

namespace mooring::gateway {

namespace {

constexpr core::Duration house_interval = std::chrono::minutes(10);

}  // namespace

Gateway::Gateway(
    std::vector<io::Worker*> workers, transport::ChannelFactory& channels, core::Random& random,
    const config::GatewayConfig& settings, std::array<std::uint8_t, 32> session_key,
    store::SessionStore* store
)
    : workers_(std::move(workers)),
      random_(random),
      codec_(session_key, std::chrono::duration_cast<std::chrono::seconds>(settings.session_ttl)),
      sealer_(session_key),
      control_(
          *workers_.front(), store,
          std::chrono::duration_cast<std::chrono::seconds>(settings.session_ttl),
          settings.limits.subscriptions
      ),
      maker_(workers_, channels, random),
      own_(
          workers_, maker_, control_,
          [this](const recovery::Episode& episode) { recovery(episode); }, settings
      ),
      table_(std::make_shared<RoutingTable>()),
      applied_(workers_.front()->executor(), workers_.front()->timers()),
      drain_timeout_(settings.drain_timeout),
      retiring_(workers_.front()->executor()) {
  shared_.codec = &codec_;
  shared_.sealer = &sealer_;
  shared_.revocations = &revocations_;
  shared_.control = &control_;
  shared_.own = &own_;
  shared_.random = &random_;
  shared_.boot = fmt::format("{:08x}", static_cast<std::uint32_t>(random_.next()));
  shared_.list_wait = settings.list_wait;
  shared_.requests_per_session = settings.limits.requests_in_flight;
  shared_.uri_bytes = settings.limits.uri_bytes;
  shared_.session_ttl = settings.session_ttl;
  for (auto* worker : workers_) routers_.push_back(std::make_unique<Router>(*worker, shared_));
  std::vector<Router*> peers;
  for (const auto& router : routers_) peers.push_back(router.get());
  for (const auto& router : routers_) router->set_peers(peers);
  own_.set_routers(std::move(peers));
  if (store != nullptr) restore_sessions(*store);
}

void Gateway::restore_sessions(store::SessionStore& store) {
  const auto now = std::chrono::system_clock::now();
  const auto loaded = store.load(now);
  for (const auto& [key, until] : loaded.revoked) revocations_.add(key, until);
  for (const auto& [key, kept] : loaded.sessions) {
    auto opened = codec_.open(kept.token, now);
    if (!opened) continue;
    const auto session = std::make_shared<const ClientSession>(std::move(opened->session));
    for (const auto& [server, severity] : kept.levels) {
      control_.listeners().set_level(session, server, severity);
      for (const auto& router : routers_) router->restore_level(key, severity);
    }
    for (const auto& [server, uri] : kept.subscriptions) {
      control_.listeners().subscribe(session, server, uri);
    }
  }
}

Gateway::~Gateway() = default;

void Gateway::announce(const config::Config& config) {
  auto table = std::make_shared<RoutingTable>();
  std::vector<std::string> names;
  for (const auto& entry : config.servers) {
    const auto& name = names.emplace_back(entry.config.name);
    auto settings = std::make_shared<const UpstreamConfig>(entry.config);
    table->servers.push_back(shown_server({name, std::move(settings), nullptr, "{}"}));
  }
  table->names = std::make_shared<const ServerNames>(std::move(names));
  table_ = table;
  for (const auto& router : routers_) router->publish(table);
}

awaitable<void> Gateway::apply(config::Config config) {
  // A signal, the API and the watcher may ask at the same time.
  while (applying_) co_await applied_.wait();
  applying_ = true;
  auto old = co_await exchange_upstreams(std::move(config));
  applying_ = false;
  applied_.notify();
  rebuild();
  if (watcher_ != nullptr) watcher_->changed("");
  for (auto& gone : old) retiring_.spawn(retire(std::move(gone)));
  if (housekeeping_ == 0) keep_house();
}

awaitable<void> Gateway::retire(std::shared_ptr<Upstream> upstream) {
  const auto until = workers_.front()->timers().now() + drain_timeout_;
  for (std::size_t i = 0; i < upstream->live.links.size(); ++i) {
    // No copy of the link: the last one has to go on its own worker.
    const auto* link = upstream->live.links[i].get();
    co_await asio::co_spawn(
        workers_[i]->executor(), routers_[i]->drain(link, until), asio::use_awaitable
    );
  }
  co_await maker_.end(taken(*upstream));
}

/// What is left still answers for its status.
LiveUpstream Gateway::taken(Upstream& upstream) {
  auto live = upstream.live;
  upstream.live.links.clear();
  return live;
}

void Gateway::keep_house() {
  const auto now = std::chrono::system_clock::now();
  revocations_.purge(now);
  control_.purge(now);
  own_.purge();
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    workers_[i]->post([router = routers_[i].get()] { router->purge(); });
  }
  housekeeping_ = workers_.front()->timers().arm_after(house_interval, [this] { keep_house(); });
}

/// Starts what is new; returns what is no longer wanted, still running.
awaitable<std::vector<std::shared_ptr<Gateway::Upstream>>> Gateway::exchange_upstreams(
    config::Config config
) {
  const auto empty = config::Config{};
  const auto diff = config::diff(config_ ? *config_ : empty, config);
  std::vector<std::shared_ptr<Upstream>> old;
  for (const auto* names : {&diff.removed, &diff.changed}) {
    for (const auto& name : *names) {
      const auto found = upstreams_.find(name);
      if (found == upstreams_.end()) continue;
      core::log::info(
          "gateway", "{}: {}", name, names == &diff.removed ? "removed" : "configuration changed"
      );
      old.push_back(found->second);
      upstreams_.erase(found);
      own_.shared(name, nullptr);  // before it is gone: a new one may never come
      retiring_.spawn(own_.end_all(name, workers_.front()->timers().now() + drain_timeout_));
    }
  }
  std::vector<std::string> names;
  for (const auto& entry : config.servers) names.push_back(entry.config.name);
  stale_ = {names.begin(), names.end()};
  order_ = std::make_shared<const ServerNames>(std::move(names));
  for (const auto& entry : config.servers) {
    if (upstreams_.contains(entry.config.name)) continue;
    const auto before = std::ranges::find(old, entry.config.name, [](const auto& gone) {
      return gone->config->name;
    });
    co_await start_upstream(entry, before == old.end() ? nullptr : *before);
  }
  config_ = std::move(config);
  for (auto& gone : old) {
    if (!upstreams_.contains(gone->config->name)) {
      if (catalogues_ != nullptr) catalogues_->forget(gone->config->name);
      for (unsigned i = 0; i < workers_.size(); ++i) install_link(gone->config->name, i, nullptr);
    }
  }
  co_return old;
}

awaitable<void> Gateway::start_upstream(
    config::ServerEntry entry, std::shared_ptr<const Upstream> before
) {
  auto upstream = std::make_shared<Upstream>();
  const auto& name = entry.config.name;
  if (before) upstream->inherited = before->shown;
  upstream->config = std::make_shared<const UpstreamConfig>(entry.config);
  for (const auto& note : entry.notes) core::log::info("config", "{}", note);
  upstreams_[name] = upstream;
  if (entry.error) {
    upstream->config_error = entry.error->detail;
    core::log::error("config", "{}", entry.error->detail);
    co_return;
  }
  upstream->live = co_await maker_.make(upstream->config, *this);
  for (auto* worker : workers_)
    install_link(name, worker->index(), upstream->live.links[worker->index()]);
  own_.shared(name, &upstream->live);
  const auto& supervisor = upstream->live.supervisor;
  for (const auto& uri : control_.listeners().subscribed(name)) {
    supervisor->remember_subscription(uri, true);
  }
  if (const auto level = control_.listeners().wanted_level(name)) {
    supervisor->remember_log_level(std::string(log_level_name(*level)));
  }
  std::optional<upstream::Supervisor::Known> known;
  if (catalogues_ != nullptr && upstream->config->lazy) {
    const auto cached = catalogues_->find(name, store::catalogue_key(*upstream->config));
    if (cached) known = recalled(*cached);
  }
  supervisor->start(std::move(known));
}

void Gateway::install_link(
    const std::string& server, unsigned worker, std::shared_ptr<upstream::Link> link
) {
  if (worker == workers_.front()->index()) control_.set_link(server, link);
  auto install = [router = routers_[worker].get(), server, link = std::move(link)]() mutable {
    router->set_link(server, std::move(link));
  };
  if (workers_[worker]->on_this_thread()) {
    install();
  } else {
    workers_[worker]->post(std::move(install));
  }
}

void Gateway::abort_calls() {
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    workers_[i]->post([router = routers_[i].get()] { router->abort_calls(); });
  }
}

awaitable<void> Gateway::stop() {
  while (applying_) co_await applied_.wait();
  stopping_ = true;
  workers_.front()->timers().cancel(housekeeping_);
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    workers_[i]->post([router = routers_[i].get()] { router->hurry(); });
  }
  std::vector<std::shared_ptr<Upstream>> all;
  for (auto& [name, upstream] : upstreams_) all.push_back(upstream);
  io::TaskGroup stopping(workers_.front()->executor());
  stopping.spawn(own_.stop());
  for (auto& upstream : all) stopping.spawn(maker_.end(taken(*upstream)));
  co_await stopping.join();
  co_await retiring_.join();
  co_await control_.stop();
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    co_await asio::co_spawn(workers_[i]->executor(), routers_[i]->stop(), asio::use_awaitable);
  }
}

void Gateway::notification(const std::string& server, const protocol::Frame& frame) {
  workers_.front()->post([this, server, method = frame.method(), uri = frame.uri(),
                          level = protocol::string_member(frame.params(), "level"),
                          bytes = protocol::one_line(frame.bytes())] {
    if (method == "notifications/resources/updated") {
      control_.listeners().to_subscribers(server, uri, bytes);
    } else if (method == "notifications/message") {
      control_.listeners().log(server, log_severity(level).value_or(7), bytes);
    } else {
      control_.listeners().to_endpoint(server, bytes);
    }
  });
}

awaitable<std::optional<std::string>> Gateway::request(
    const std::string& server, const protocol::Frame& frame
) {
  // The frame outlives this: the supervisor holds it until it has an answer.
  if (workers_.front()->on_this_thread()) co_return co_await ask_only_listener(server, frame);
  co_return co_await asio::co_spawn(
      workers_.front()->executor(), ask_only_listener(server, frame), asio::use_awaitable
  );
}

/// Roots can only be meant for a client if there is exactly one that could name them. What a person
/// would have to answer is declined: nobody could say which person.
awaitable<std::optional<std::string>> Gateway::ask_only_listener(
    std::string server, const protocol::Frame& frame
) {
  if (frame.method() != "roots/list" || stopping_) co_return std::nullopt;
  const auto listener = control_.listeners().only_one(server, "roots");
  if (!listener) co_return std::nullopt;
  co_return co_await routers_.front()->ask(
      listener->session, listener->outbox, frame, std::chrono::seconds(5)
  );
}

awaitable<std::vector<upstream::Status>> Gateway::status() {
  if (!workers_.front()->on_this_thread()) {
    co_return co_await asio::co_spawn(workers_.front()->executor(), status(), asio::use_awaitable);
  }
  // Whoever read that we listen may ask at once: half a list would deny the other half.
  if (!config_) co_await applied_.wait();
  std::vector<upstream::Status> all;
  const auto order = order_;
  for (std::size_t at = 0; at < order->size(); ++at) {
    const auto& name = (*order)[at];
    const auto found = upstreams_.find(name);
    if (found == upstreams_.end()) continue;
    const auto upstream = found->second;
    all.push_back(
        upstream->live.supervisor ? co_await upstream->live.supervisor->status()
                                  : config_error_status(*upstream)
    );
    all.back().client_sessions = own_.count(name);
  }
  co_return all;
}

upstream::Status Gateway::config_error_status(const Upstream& upstream) const {
  upstream::Status status;
  status.name = upstream.config->name;
  status.transport = upstream.config->url.empty() ? "stdio" : "http";
  status.state = upstream::State::failed;
  status.last_error = upstream.config_error;
  return status;
}

awaitable<bool> Gateway::reconnect(std::string server) {
  if (!workers_.front()->on_this_thread()) {
    co_return co_await asio::co_spawn(
        workers_.front()->executor(), reconnect(server), asio::use_awaitable
    );
  }
  if (!config_) co_await applied_.wait();
  const auto found = upstreams_.find(server);
  if (found == upstreams_.end()) co_return false;
  if (const auto& supervisor = found->second->live.supervisor) supervisor->reconnect_now();
  co_return true;
}

void Gateway::recovery(const recovery::Episode& episode) {
  if (history_ != nullptr) history_->record(episode);
  if (watcher_ != nullptr) watcher_->recovery(episode);
}

awaitable<store::HistoryStore::Episodes> Gateway::recoveries(store::HistoryQuery query) {
  auto& control = *workers_.front();
  if (!control.on_this_thread()) {
    co_return co_await asio::co_spawn(
        control.executor(), recoveries(std::move(query)), asio::use_awaitable
    );
  }
  store::HistoryStore::Episodes stored;
  if (history_ != nullptr) stored = co_await recorded(control, *history_, query);
  co_return merged(std::move(stored), co_await status(), query);
}

awaitable<std::size_t> Gateway::listening() {
  if (!workers_.front()->on_this_thread()) {
    co_return co_await asio::co_spawn(
        workers_.front()->executor(), listening(), asio::use_awaitable
    );
  }
  co_return control_.listeners().listening();
}

}  // namespace mooring::gateway
