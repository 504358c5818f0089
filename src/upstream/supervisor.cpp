#include "upstream/supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/redact.hpp"
#include "core/url.hpp"
#include "upstream/supervisor_sinks.hpp"

namespace mooring::upstream {

using recovery::Failure;

namespace {
constexpr core::Duration probe_request_interval = std::chrono::seconds(10);
constexpr core::Duration proof_of_life = std::chrono::seconds(3);  ///< of a process
}  // namespace

Supervisor::Supervisor(
    io::Worker& home, std::shared_ptr<const UpstreamConfig> config,
    transport::ChannelFactory& channels, core::Random& random, ClientIdentity identity,
    Observer& observer
)
    : home_(home),
      config_(std::move(config)),
      channels_(channels),
      identity_(std::move(identity)),
      observer_(observer),
      lifecycle_(*config_, random),
      wake_(home.executor(), home.timers()),
      attempted_(home.executor(), home.timers()),
      refreshed_(home.executor(), home.timers()),
      tasks_(home.executor()) {
  own_sink_ = std::make_unique<OwnSink>(*this);
}

Supervisor::~Supervisor() = default;

void Supervisor::set_links(std::vector<std::pair<io::Worker*, std::shared_ptr<Link>>> links) {
  links_ = std::move(links);
}

template <class F>
void Supervisor::on_home(F&& action) {
  if (home_.on_this_thread()) return action();
  home_.post([self = shared_from_this(), action = std::forward<F>(action)]() mutable { action(); });
}

void Supervisor::start() {
  on_home([this] { tasks_.spawn(run()); });
}

awaitable<void> Supervisor::run() {
  const auto self = shared_from_this();
  auto step = lifecycle_.on(LifecycleEvent::start);
  while (step.what != Lifecycle::Step::Do::end) {
    next_probe_.reset();
    if (step.what == Lifecycle::Step::Do::wait) next_probe_ = home_.timers().now() + step.wait;
    publish();
    if (step.what == Lifecycle::Step::Do::connect) {
      step = co_await attempt();
      ++attempts_ended_;
      attempted_.notify();
    } else {
      step = lifecycle_.on(co_await next_event());
    }
  }
  publish();
}

awaitable<LifecycleEvent> Supervisor::next_event() {
  for (;;) {
    if (stopping_) co_return LifecycleEvent::stop;
    if (std::exchange(wake_for_reconnect_, false) && !view_) co_return LifecycleEvent::reconnect;
    if (std::exchange(wake_for_loss_, false) && lifecycle_.state() == State::ready) {
      co_return lost_proven_ ? LifecycleEvent::lost : LifecycleEvent::lost_unproven;
    }
    if (next_probe_ && home_.timers().now() >= *next_probe_) co_return LifecycleEvent::wait_over;
    co_await wake_.wait(next_probe_, &stop_);
  }
}

awaitable<Lifecycle::Step> Supervisor::attempt() {
  io::AbortSource abort;
  bool timed_out = false;
  const auto subscription = stop_.subscribe([&abort] { abort.abort(); });
  const auto timer = home_.timers().arm_after(config_->connect_timeout, [&] {
    timed_out = true;
    abort.abort();
  });
  const auto result = co_await connect(abort);
  opening_.reset();
  home_.timers().cancel(timer);
  if (stopping_) {
    // stop() may have looked before this attempt had a process.
    if (process_) co_await std::exchange(process_, nullptr)->close();
    co_return lifecycle_.on(LifecycleEvent::stop);
  }
  if (!result) {
    last_error_.clear();
    co_return lifecycle_.on(LifecycleEvent::connected);
  }
  if (timed_out) {
    const auto seconds = std::chrono::duration<double>(config_->connect_timeout).count();
    last_error_ = fmt::format("no answer to the handshake within {} s", seconds);
  } else {
    last_error_ = result->text;
  }
  if (process_) {
    const auto noise = process_->first_noise();
    if (!noise.empty()) last_error_ += fmt::format("; it printed: {}", core::redact(noise));
    co_await std::exchange(process_, nullptr)->close();
  }
  core::log::warn("upstream", "{}: {}", config_->name, last_error_);
  const bool hopeless = result->hopeless && !timed_out;
  co_return lifecycle_.on(
      hopeless ? LifecycleEvent::attempt_hopeless : LifecycleEvent::attempt_failed,
      result->retry_after
  );
}

void Supervisor::lost_on_home(std::uint64_t generation, bool session_lost, std::string because) {
  if (!view_ || view_->generation != generation || stopping_) return;
  core::log::warn(
      "upstream", "{}: {} lost: {}", config_->name, session_lost ? "session" : "connection", because
  );
  last_error_ = std::move(because);
  auto old = view_;
  lost_proven_ = old->proven->load(std::memory_order_relaxed);
  // One that answers and dies, over and over, is no better than one that never answers.
  if (old->process && home_.timers().now() - stands_since_ < proof_of_life) lost_proven_ = false;
  drop_session();
  if (!old->process) {
    if (session_lost) {
      tasks_.spawn(end_session(std::move(old)));
    } else {
      suspect_ = std::move(old);
    }
  }
  wake_for_loss_ = true;
  wake_.notify();
}

void Supervisor::drop_session() {
  view_.reset();
  if (session_abort_) session_abort_->abort();
  session_abort_.reset();
}

void Supervisor::report_lost(std::uint64_t generation, bool session_lost, std::string because) {
  on_home([this, generation, session_lost, because = std::move(because)]() mutable {
    lost_on_home(generation, session_lost, std::move(because));
  });
}

awaitable<bool> Supervisor::heal(std::uint64_t generation, bool session_lost, std::string because) {
  const auto self = shared_from_this();
  if (!home_.on_this_thread()) {
    co_return co_await asio::co_spawn(
        home_.executor(), heal(generation, session_lost, std::move(because)), asio::use_awaitable
    );
  }
  if (view_ && view_->generation > generation) co_return false;
  lost_on_home(generation, session_lost, std::move(because));
  const auto until = home_.timers().now() + config_->recovery_wait;
  const auto ended = attempts_ended_;
  while (!view_ && attempts_ended_ == ended && !stopping_ && home_.timers().now() < until) {
    co_await attempted_.wait(until, &stop_);
  }
  co_return view_ && view_->generation == generation;
}

void Supervisor::reconnect_now() {
  on_home([this] {
    if (view_) {
      auto old = view_;
      drop_session();
      if (!old->process) tasks_.spawn(end_session(std::move(old)));
    }
    wake_for_reconnect_ = true;
    wake_.notify();
  });
}

void Supervisor::probe_soon() {
  on_home([this] {
    const auto now = home_.timers().now();
    if (last_probe_request_ && now - *last_probe_request_ < probe_request_interval) return;
    if (lifecycle_.state() != State::parked && lifecycle_.state() != State::failed) return;
    last_probe_request_ = now;
    wake_for_reconnect_ = true;
    wake_.notify();
  });
}

void Supervisor::overheard(protocol::Frame notification) {
  on_home([this, frame = std::make_shared<protocol::Frame>(std::move(notification))] {
    tasks_.spawn(own_sink_->message(*frame));
  });
}

void Supervisor::remember_log_level(std::string level) {
  on_home([this, level = std::move(level)] { log_level_ = level; });
}

void Supervisor::remember_subscription(std::string uri, bool subscribed) {
  on_home([this, uri = std::move(uri), subscribed] {
    if (subscribed) {
      subscriptions_.insert(uri);
    } else {
      subscriptions_.erase(uri);
    }
  });
}

awaitable<void> Supervisor::stop() {
  const auto self = shared_from_this();
  if (!home_.on_this_thread()) {
    co_return co_await asio::co_spawn(home_.executor(), stop(), asio::use_awaitable);
  }
  stopping_ = true;
  auto view = view_;
  drop_session();
  stop_.abort();
  wake_.notify();
  if (view && !view->process) co_await end_session(view);
  if (process_) co_await std::exchange(process_, nullptr)->close();
  co_await tasks_.join();
  // Each link ends where it lived, with the last reference that its worker holds.
  links_.clear();
}

awaitable<void> Supervisor::end_session(std::shared_ptr<const SessionView> view) {
  if (view->headers->session_id.empty()) co_return;
  co_await channel(*view).end_session(view->headers);
}

awaitable<Status> Supervisor::status() {
  const auto self = shared_from_this();
  if (!home_.on_this_thread()) {
    co_return co_await asio::co_spawn(home_.executor(), status(), asio::use_awaitable);
  }
  Status status;
  status.name = config_->name;
  status.transport = is_stdio() ? "stdio" : is_sse() ? "sse" : "http";
  status.target = config_->command;
  if (!is_stdio()) status.target = config_->url.substr(0, config_->url.find('?'));
  status.state = lifecycle_.state();
  status.last_error = last_error_;
  status.generation = view_ ? view_->generation : generation_;
  status.attempts = lifecycle_.attempts();
  if (next_probe_) {
    const auto left =
        std::chrono::duration_cast<core::Duration>(*next_probe_ - home_.timers().now());
    status.next_probe_in = std::max(left, core::Duration{0});
  }
  status.last_success = last_success_;
  status.recoveries = recoveries_;
  status.protocol_version = server_.protocol_version;
  status.server_info = server_.info;
  if (process_ && process_->pid() > 0) status.pid = process_->pid();
  for (const auto kind : all_lists) {
    if (catalogue_)
      status.listed[static_cast<std::size_t>(kind)] = (*catalogue_)[kind].items.size();
  }
  co_return status;
}

void Supervisor::publish() {
  Snapshot snapshot;
  snapshot.state = lifecycle_.state();
  if (snapshot.state == State::ready) snapshot.session = view_;
  // Between a loss and run() noticing it, nobody may send on the dead session.
  if (snapshot.state == State::ready && !view_) snapshot.state = State::recovering;
  snapshot.server = server_;
  snapshot.catalogue = catalogue_;
  snapshot.last_error = last_error_;
  snapshot.next_probe = next_probe_;
  for (const auto& [worker, link] : links_) {
    if (worker->on_this_thread()) {
      link->publish(snapshot);
    } else {
      worker->post([to = link, snapshot] { to->publish(snapshot); });
    }
  }
  observer_.changed(config_->name);
}

transport::Channel& Supervisor::channel(const SessionView& view) const {
  return view.process ? *view.process : *links_.front().second->http();
}

bool Supervisor::is_stdio() const { return config_->url.empty(); }

bool Supervisor::is_sse() const { return use_sse_ || config_->transport == TransportKind::sse; }

}  // namespace mooring::upstream
