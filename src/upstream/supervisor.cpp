// When a Supervisor does what; what a loss leads to is in supervisor_healing.cpp, how a server is
// met in supervisor_session.cpp and supervisor_modern.cpp, what it does while a session stands in
// supervisor_care.cpp, and what others see of it in supervisor_shown.cpp.
#include "upstream/supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/redact.hpp"
#include "recovery/rules.hpp"
#include "upstream/supervisor_sinks.hpp"

namespace mooring::upstream {

using recovery::Episode;
using recovery::holds;
using recovery::Rule;

namespace {

constexpr core::Duration early_probe_interval = std::chrono::seconds(10);
constexpr core::Duration proof_of_life = std::chrono::seconds(3);  ///< of a process

constexpr std::string_view check_credentials =
    "; check the credentials of this server in the configuration";

}  // namespace

Supervisor::Supervisor(
    io::Worker& home, std::shared_ptr<const UpstreamConfig> config,
    transport::ChannelFactory& channels, core::Random& random, ClientIdentity identity,
    Observer& observer
)
    : home_(home),
      config_(std::move(config)),
      overrides_(config_->session_patterns, config_->session_codes, config_->treat_401_as_session),
      channels_(channels),
      identity_(std::move(identity)),
      observer_(observer),
      random_(random),
      lifecycle_(*config_, random),
      recorder_(
          config_->name, home.timers(), random,
          [&observer](const Episode& episode) { observer.recovery(episode); }
      ),
      breaker_(config_->breaker_failures, config_->breaker_cooldown),
      wake_(home.executor(), home.timers()),
      changed_(home.executor(), home.timers()),
      drained_(home.executor(), home.timers()),
      tasks_(home.executor()),
      lister_(home, config_, *this, observer, random, tasks_, stop_) {
  own_sink_ = std::make_unique<OwnSink>(*this);
}

Supervisor::~Supervisor() = default;

void Supervisor::sign_in_with(
    std::shared_ptr<auth::Authenticator> authenticator,
    std::shared_ptr<const transport::Credentials> credentials, bool ends_it
) {
  ends_authenticator_ = ends_it;
  authenticator_ = std::move(authenticator);
  credentials_ = std::move(credentials);
}

void Supervisor::set_links(std::vector<std::pair<io::Worker*, std::shared_ptr<Link>>> links) {
  links_ = std::move(links);
  std::vector<std::shared_ptr<const Activity>> all;
  for (const auto& [worker, link] : links_) all.push_back(link->shared_activity());
  for (const auto& [worker, link] : links_) link->know_others(all);
}

void Supervisor::start(std::optional<Known> known) {
  on_home([this, known = std::move(known)]() mutable {
    if (known && config_->lazy) {
      server_ = std::move(known->server);
      era_ = server_.modern() ? Met::modern : Met::legacy;
      lister_.recall(std::move(known->catalogue));
    }
    tasks_.spawn(run());
  });
}

awaitable<void> Supervisor::run() {
  const auto self = shared_from_this();
  auto step =
      lifecycle_.on(lister_.catalogue() ? LifecycleEvent::start_idle : LifecycleEvent::start);
  while (step.what != Lifecycle::Step::Do::end) {
    next_probe_.reset();
    if (step.what == Lifecycle::Step::Do::wait) next_probe_ = home_.timers().now() + step.wait;
    if (given_up(lifecycle_.state())) recorder_.end(Episode::Outcome::parked, generation_);
    publish();
    changed_.notify();
    if (step.what == Lifecycle::Step::Do::connect) {
      recorder_.attempt();
      step = co_await attempt();
    } else {
      step = co_await next_step();
    }
  }
  recorder_.end(Episode::Outcome::superseded, generation_);
  publish();
}

awaitable<Lifecycle::Step> Supervisor::next_step() {
  for (;;) {
    const auto now = home_.timers().now();
    if (stopping_) co_return lifecycle_.on(LifecycleEvent::stop);
    if (ended_ && !view_) {
      const auto end = *std::exchange(ended_, std::nullopt);
      co_return lifecycle_.on(end.event, end.retry_after, now);
    }
    // Who asked may have seen an older state; that is no reason to forget what is waited for.
    const auto asked = [&](bool& flag, LifecycleEvent event) {
      return std::exchange(flag, false) && !view_ && lifecycle_.expects(event);
    };
    if (asked(wake_for_reconnect_, LifecycleEvent::reconnect))
      co_return lifecycle_.on(LifecycleEvent::reconnect);
    if (asked(wake_for_call_, LifecycleEvent::wanted))
      co_return lifecycle_.on(LifecycleEvent::wanted);
    if (next_probe_ && now >= *next_probe_) co_return lifecycle_.on(LifecycleEvent::wait_over);
    co_await wake_.wait(next_probe_, &stop_);
  }
}

awaitable<Lifecycle::Step> Supervisor::attempt() {
  auto error = co_await authorized_connect();
  opening_.reset();
  if (stopping_) {
    // stop() may have looked before this attempt had a process.
    if (process_) co_await std::exchange(process_, nullptr)->close();
    co_return lifecycle_.on(LifecycleEvent::stop);
  }
  if (!error) {
    // A suspect session that answered is the same session.
    const bool kept = std::exchange(kept_, false);
    last_error_.clear();
    if (!kept) breaker_.succeeded();
    recorder_.end(kept ? Episode::Outcome::kept : Episode::Outcome::healed, generation_);
    co_return lifecycle_.on(kept ? LifecycleEvent::kept : LifecycleEvent::connected);
  }
  if (process_) {
    const auto noise = process_->first_noise();
    if (!noise.empty()) error->text += fmt::format("; it printed: {}", core::redact(noise));
    co_await std::exchange(process_, nullptr)->close();
  }
  co_return attempt_failed(*error);
}

/// Credentials first, and again where the handshake showed that they are not good.
awaitable<std::optional<Supervisor::ConnectError>> Supervisor::authorized_connect() {
  constexpr int most_rounds = 4;
  std::optional<ConnectError> error;
  for (int round = 0; round < most_rounds && !stopping_; ++round) {
    if (authenticator_) {
      const auto ready = co_await authenticator_->prepare();
      if (stopping_) break;
      if (auto away = not_let_in(ready)) co_return away;
    }
    error = co_await timed_connect();
    if (!error || !error->refusal || !authenticator_ || !authenticator_->uses_oauth()) break;
    recorder_.step(error->text);
    const bool mendable = error->refusal->status == 401 || authenticator_->can_step_up();
    authenticator_->refused(*error->refusal);
    if (!mendable) co_return not_let_in(authenticator_->give_up(error->text));
    if (process_) co_await std::exchange(process_, nullptr)->close();
  }
  co_return error;
}

/// Empty: there are credentials to try.
std::optional<Supervisor::ConnectError> Supervisor::not_let_in(const auth::Readiness& ready) const {
  ConnectError away{.text = ready.why, .kind = recovery::Kind::auth};
  switch (ready.what) {
    case auth::Readiness::What::ready:
      return std::nullopt;
    case auth::Readiness::What::later:
      away.retry_after = ready.retry_after;
      away.kind = recovery::Kind::transient;
      break;
    case auth::Readiness::What::login_needed:
      away.text += "; run " + authenticator_->login_command();
      away.event = LifecycleEvent::login_needed;
      break;
    case auth::Readiness::What::refused:
      away.text += check_credentials;
      away.event = LifecycleEvent::auth_refused;
      break;
  }
  return away;
}

awaitable<std::optional<Supervisor::ConnectError>> Supervisor::timed_connect() {
  io::AbortSource abort;
  bool timed_out = false;
  const auto subscription = stop_.subscribe([&abort] { abort.abort(); });
  const auto timer = home_.timers().arm_after(config_->connect_timeout, [&] {
    timed_out = true;
    abort.abort();
  });
  auto error = co_await connect(abort);
  home_.timers().cancel(timer);
  if (error && timed_out) {
    const auto seconds = std::chrono::duration<double>(config_->connect_timeout).count();
    error->text = fmt::format("no answer to the handshake within {} s", seconds);
    error->event = LifecycleEvent::attempt_failed;
    error->kind = recovery::Kind::transient;
    error->refusal.reset();
  }
  co_return error;
}

Lifecycle::Step Supervisor::attempt_failed(const ConnectError& error) {
  // It looks every few seconds whether somebody has signed in: told once.
  const bool told = error.event == LifecycleEvent::login_needed &&
                    lifecycle_.state() == State::login_needed && last_error_ == error.text;
  last_error_ = error.text;
  failure_kind_ = recovery::to_string(error.kind);
  if (!told) {
    core::log::warn("upstream", "{}: {}", config_->name, last_error_);
    recorder_.step(last_error_);
  }
  return lifecycle_.on(error.event, error.retry_after);
}

/// The session of `generation` is no longer used; run() goes on from there.
void Supervisor::end_session(std::uint64_t generation, End end) {
  const bool current =
      view_ && (view_->generation == generation || !holds(Rule::late_failure_ignored));
  if (!current || stopping_) return;
  core::log::warn("upstream", "{}: {}: {}", config_->name, end.cause, end.because);
  recorder_.begin(end.cause, end.because, view_->generation);
  last_error_ = end.because;
  failure_kind_ = end.cause;
  auto old = view_;
  // One that answers and dies, over and over, is no better than one that never answers.
  const bool brief = old->process && home_.timers().now() - stands_since_ < proof_of_life;
  if (old->proven->load(std::memory_order_relaxed) && !brief)
    lifecycle_.on(LifecycleEvent::answered);
  drop_session();
  if (end.event == LifecycleEvent::doubted) {
    suspect_ = std::move(old);
  } else if (!old->process) {
    tasks_.spawn(say_goodbye(std::move(old)));
  }
  ended_ = std::move(end);
  publish();
  wake_.notify();
  if (holds(Rule::single_flight)) return;  // run() alone rebuilds
  tasks_.spawn([](Supervisor& self) -> awaitable<void> { co_await self.attempt(); }(*this));
}

void Supervisor::drop_session() {
  view_.reset();
  ready_since_.reset();
  if (session_abort_) session_abort_->abort();
  session_abort_.reset();
}

/// Best effort, in the background: servers that know one session at a time let the next one in.
awaitable<void> Supervisor::say_goodbye(std::shared_ptr<const SessionView> view) {
  if (view->headers->session_id.empty()) co_return;
  co_await channel(*view).end_session(view->headers);
}

awaitable<bool> Supervisor::admit() {
  const auto self = shared_from_this();
  if (!home_.on_this_thread())
    co_return co_await asio::co_spawn(home_.executor(), admit(), asio::use_awaitable);
  co_return breaker_.admit(home_.timers().now());
}

void Supervisor::settle(Strike strike, std::uint64_t generation) {
  on_home([this, strike, generation] {
    // What fell on an older session was over when the next one stood.
    const bool late = view_ && generation != 0 && generation < view_->generation;
    switch (strike) {
      case Strike::success:
        if (holds(Rule::breaker_closes)) breaker_.succeeded();
        break;
      case Strike::failure:
        if (!late) breaker_.failed(home_.timers().now());
        break;
      case Strike::none:
        breaker_.abandoned();
        break;
    }
    publish();
  });
}

void Supervisor::account(std::uint64_t generation, Recorder::Fate fate) {
  on_home([this, generation, fate] { recorder_.account(generation, fate); });
}

void Supervisor::reconnect_now() {
  on_home([this] {
    if (view_) {
      ended_generation_ = view_->generation;
      recorder_.begin("request", "somebody asked for a new session", view_->generation);
      auto old = view_;
      drop_session();
      publish();
      if (!old->process) tasks_.spawn(say_goodbye(std::move(old)));
    }
    if (authenticator_) authenticator_->forgive();
    wake_for_reconnect_ = true;
    wake_.notify();
  });
}

void Supervisor::wanted() {
  on_home([this] {
    if (lifecycle_.state() != State::idle) {
      const auto now = home_.timers().now();
      if (last_early_probe_ && now - *last_early_probe_ < early_probe_interval) return;
      if (lifecycle_.state() != State::parked && lifecycle_.state() != State::failed) return;
      last_early_probe_ = now;
    }
    wake_for_call_ = true;
    wake_.notify();
  });
}

void Supervisor::drained() {
  on_home([this] { drained_.notify(); });
}

void Supervisor::has_asked() {
  on_home([this] {
    if (std::exchange(asks_clients_, true)) return;
    publish();
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
    const bool changed =
        subscribed ? subscriptions_.insert(uri).second : subscriptions_.erase(uri) > 0;
    if (!changed) return;
    ++wishes_;
    changed_.notify();
  });
}

awaitable<void> Supervisor::freshen(ListKind kind) {
  const auto self = shared_from_this();
  if (!home_.on_this_thread())
    co_return co_await asio::co_spawn(home_.executor(), freshen(kind), asio::use_awaitable);
  co_await lister_.freshen(kind);
}

awaitable<void> Supervisor::list_again(ListKind kind) {
  const auto self = shared_from_this();
  if (!home_.on_this_thread())
    co_return co_await asio::co_spawn(home_.executor(), list_again(kind), asio::use_awaitable);
  co_await lister_.list_again(kind);
}

awaitable<void> Supervisor::stop() {
  const auto self = shared_from_this();
  if (!home_.on_this_thread())
    co_return co_await asio::co_spawn(home_.executor(), stop(), asio::use_awaitable);
  stopping_ = true;
  auto view = view_;
  drop_session();
  stop_.abort();
  wake_.notify();
  if (view && !view->process) co_await say_goodbye(view);
  if (process_) co_await std::exchange(process_, nullptr)->close();
  if (authenticator_ && ends_authenticator_) co_await authenticator_->stop();
  co_await tasks_.join();
  recorder_.close();
  // Each link ends where it lived, with the last reference that its worker holds.
  links_.clear();
}

transport::Channel& Supervisor::channel(const SessionView& view) const {
  return view.process ? *view.process : *links_.front().second->http();
}

bool Supervisor::is_stdio() const { return config_->url.empty(); }

bool Supervisor::is_sse() const { return use_sse_ || config_->transport == TransportKind::sse; }

}  // namespace mooring::upstream
