// How a Supervisor looks after a session that stands: doubts, keepalive, recycling, the GET stream.
#include <fmt/format.h>

#include <algorithm>

#include "core/backoff.hpp"
#include "core/log.hpp"
#include "protocol/frame.hpp"
#include "upstream/evidence.hpp"
#include "upstream/supervisor.hpp"
#include "upstream/supervisor_sinks.hpp"

namespace mooring::upstream {

using recovery::Failure;
using recovery::Stage;
using Heal = recovery::Plan::Heal;

namespace {

constexpr core::Duration verify_interval = std::chrono::seconds(5);
constexpr core::Duration shortest_keepalive = std::chrono::seconds(5);

}  // namespace

/// One request of our own that only wants an answer, of any kind.
awaitable<transport::Outcome> Supervisor::ask(
    std::shared_ptr<const SessionView> view, std::string method, io::AbortSource* also,
    core::Duration at_most
) {
  io::AbortSource limit;
  const auto stopped = stop_.subscribe([&limit] { limit.abort(); });
  io::AbortSource::Subscription other;
  if (also != nullptr) other = also->subscribe([&limit] { limit.abort(); });
  bool timed_out = false;
  const auto timer = home_.timers().arm_after(at_most, [&] {
    timed_out = true;
    limit.abort();
  });
  auto outcome = co_await request(*view, method, {}, limit);
  home_.timers().cancel(timer);
  if (outcome.failure && timed_out) {
    outcome.failure->aborted = false;
    outcome.failure->timed_out = true;
    outcome.failure->error = fmt::format(
        "no answer to {} within {} s", method, std::chrono::duration<double>(at_most).count()
    );
  }
  co_return outcome;
}

/// A request that every server checks the session for: some let `ping` through without one.
std::string Supervisor::probe_method(const SessionView& view) const {
  if (view.server.modern()) return "server/discover";
  for (const auto kind : {ListKind::tools, ListKind::resources, ListKind::prompts}) {
    const auto method = list_method(kind);
    if (view.server.has(method.substr(0, method.find('/')))) return std::string(method);
  }
  return "ping";
}

/// Whether a suspect session still answers. A list that breaks the connection every time is not the
/// session's fault: there a ping decides.
awaitable<std::optional<Failure>> Supervisor::still_known(
    std::shared_ptr<const SessionView> view, io::AbortSource& abort
) {
  const auto method = probe_method(*view);
  auto failure = (co_await ask(view, method, &abort)).failure;
  const bool broke = failure && failure->stage && failure->delivery != recovery::Delivery::not_sent;
  if (broke && method != "ping" && !abort.aborted())
    failure = (co_await ask(view, "ping", &abort)).failure;
  co_return failure;
}

/// An ambiguous failure: the same session is asked once, and all who doubt it meanwhile wait for
/// that answer. A session that failed in the same way again is lost.
awaitable<void> Supervisor::verify(const Loss& asked) {
  const auto loss = asked;
  const auto self = shared_from_this();
  const auto view = view_;
  if (!view || view->generation != loss.generation) co_return;
  while (verification_.running) co_await changed_.wait(std::nullopt, &stop_);
  if (view_ != view || stopping_) co_return;
  const auto now = home_.timers().now();
  const bool recent =
      verification_.generation == loss.generation && now - verification_.at < verify_interval;
  if (recent) co_return;
  verification_ = {loss.generation, now, true};
  const auto failure = (co_await ask(view, probe_method(*view))).failure;
  verification_.running = false;
  if (failure && view_ == view) {
    const auto conclusion = classify(*failure, overrides_);
    auto found = loss;
    if (conclusion.about_session() || same_fault(*failure, *loss.evidence)) {
      found.heal = Heal::rebuild;
      if (found.kind == recovery::Kind::other) found.kind = recovery::Kind::session_lost;
      lost_sessions_.remember(loss.generation, std::make_shared<const Failure>(*failure));
      lost(found);
    } else if (failure->stage || failure->timed_out) {
      found.heal = Heal::check;
      found.kind = recovery::Kind::transient;
      lost(found);
    }
  }
  changed_.notify();
}

/// True: the standing session has answered something.
awaitable<bool> Supervisor::prove() {
  const auto view = view_;
  if (view->proven->load(std::memory_order_relaxed)) co_return true;
  const auto failure = (co_await ask(view, probe_method(*view))).failure;
  if (failure && view_ == view) {
    const auto conclusion = classify(*failure, overrides_);
    lost(
        {view->generation, conclusion.about_session() ? Heal::rebuild : Heal::check, false,
         conclusion.kind, std::make_shared<const Failure>(*failure), core::Duration{0}}
    );
  }
  co_return !failure;
}

void Supervisor::listing_failed(const SessionView& view, const Failure& failure) {
  const auto conclusion = classify(failure, overrides_);
  Loss loss{view.generation,
            Heal::nothing,
            false,
            conclusion.kind,
            std::make_shared<const Failure>(failure),
            core::Duration{0}};
  if (conclusion.action == recovery::Action::reconnect && conclusion.about_session()) {
    loss.heal = Heal::rebuild;
  } else if (failure.stage && *failure.stage != Stage::body && !failure.aborted) {
    loss.heal = Heal::check;
    // One that is met anew is listed anew, which must not lead to the next meeting: it is asked.
    if (view.server.modern() && !view.process) return tasks_.spawn(verify(loss));
  }
  lost(loss);
}

awaitable<void> Supervisor::listen_loop(
    std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
) {
  std::string last_event_id;
  core::Backoff backoff;
  const auto subscription = stop_.subscribe([abort] { abort->abort(); });
  while (!abort->aborted()) {
    const auto begun = home_.timers().now();
    auto end = co_await channel(*view).listen(view->headers, last_event_id, *own_sink_, *abort);
    if (abort->aborted() || !end.offered) co_return;
    if (end.failure && (end.failure->http_status || end.failure->stage == Stage::connect)) {
      const auto conclusion = classify(*end.failure, overrides_);
      const bool says_lost =
          conclusion.about_session() && conclusion.action == recovery::Action::reconnect;
      // A stream that is refused for another reason says little: an answer to a request tells
      // whether the session lives, once.
      const bool first = std::exchange(listen_refused_, view->generation) != view->generation;
      if (says_lost || first) {
        lost(
            {view->generation, says_lost ? Heal::rebuild : Heal::check, false, conclusion.kind,
             std::make_shared<const Failure>(*end.failure), since_last_use()}
        );
      }
      co_return;
    }
    listen_refused_ = 0;
    if (!end.last_event_id.empty()) last_event_id = end.last_event_id;
    if (home_.timers().now() - begun > std::chrono::seconds(30)) backoff.reset();
    co_await io::sleep_until(
        home_.timers(), home_.timers().now() + end.retry.value_or(backoff.next(random_)),
        abort.get()
    );
  }
}

std::size_t Supervisor::in_flight() const {
  std::size_t all = 0;
  for (const auto& [worker, link] : links_)
    all += link->activity().in_flight.load(std::memory_order_acquire);
  return all;
}

bool Supervisor::has_tasks() const {
  return std::ranges::any_of(links_, [](const auto& entry) {
    return entry.second->activity().tasks.load(std::memory_order_acquire) > 0;
  });
}

core::TimePoint Supervisor::last_used() const {
  core::TimePoint last = last_asked_;
  for (const auto& [worker, link] : links_)
    last = std::max(last, link->activity().last_used.load(std::memory_order_relaxed));
  return last;
}

core::Duration Supervisor::since_last_use() const {
  return std::chrono::duration_cast<core::Duration>(home_.timers().now() - last_used());
}

core::Duration Supervisor::since_last_asked() const {
  return std::chrono::duration_cast<core::Duration>(home_.timers().now() - last_asked_);
}

/// One ping whenever the session was idle for as long as the configuration, or what was learned
/// about the server, allows.
awaitable<void> Supervisor::keep_alive(
    std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
) {
  if (config_->keepalive_interval <= core::Duration{0}) co_return;
  bool ping_known = true;  // KA-02: asked anew in every session
  const auto subscription = stop_.subscribe([abort] { abort->abort(); });
  while (!abort->aborted()) {
    const auto every = idle_ttl_.keepalive(
        std::max(config_->keepalive_interval, shortest_keepalive), shortest_keepalive
    );
    const auto due = last_used() + every;
    if (home_.timers().now() < due) {
      co_await io::sleep_until(home_.timers(), due, abort.get());
      continue;
    }
    if (in_flight() > 0) {  // KA-04: a call is a sign of life itself
      co_await io::sleep_until(home_.timers(), home_.timers().now() + every, abort.get());
      continue;
    }
    const auto idle = since_last_use();
    if (!co_await still_there(view, ping_known)) co_return;
    idle_ttl_.survived(idle);
  }
}

/// False: the session was found lost, or ended.
awaitable<bool> Supervisor::still_there(std::shared_ptr<const SessionView> view, bool& ping_known) {
  const auto idle = since_last_use();
  std::optional<Failure> failure;
  if (ping_known) {
    auto outcome = co_await ask(view, "ping");
    failure = std::move(outcome.failure);
    if (view_ != view) co_return false;
    // An answer is a sign of life, also of a server that does not know `ping` (KA-02).
    if (outcome.response) {
      ping_known = !is_unknown_method(*outcome.response);
      co_return true;
    }
  }
  // One whose ping hangs may live all the same (KA-03).
  const bool says_lost = failure && classify(*failure, overrides_).about_session();
  if (!says_lost) failure = (co_await ask(view, probe_method(*view))).failure;
  if (view_ != view) co_return false;
  if (!failure) co_return true;
  const auto conclusion = classify(*failure, overrides_);
  lost(
      {view->generation, conclusion.about_session() ? Heal::rebuild : Heal::check, false,
       conclusion.kind, std::make_shared<const Failure>(*failure), idle}
  );
  co_return false;
}

/// A child without calls is ended after `idle_timeout`, and replaced after `max_lifetime`.
awaitable<void> Supervisor::recycle(
    std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
) {
  const auto idle_timeout = config_->idle_timeout;
  const auto max_lifetime = config_->max_lifetime;
  const auto subscription = stop_.subscribe([abort] { abort->abort(); });
  const auto never = core::TimePoint::max();
  const auto old_at =
      max_lifetime > core::Duration{0} ? home_.timers().now() + max_lifetime : never;
  while (!abort->aborted()) {
    const auto now = home_.timers().now();
    auto idle_at = never;
    if (idle_timeout > core::Duration{0}) {
      idle_at = std::max(last_used(), stands_since_) + idle_timeout;
      if (in_flight() > 0) idle_at = now + idle_timeout;
    }
    // A task is not told of the end of its process, and would be asked for in vain.
    if (has_tasks()) {
      co_await io::sleep_until(home_.timers(), now + std::chrono::seconds(1), abort.get());
      continue;
    }
    if (now >= old_at) co_return co_await drain(view, LifecycleEvent::reconnect);
    if (now >= idle_at) co_return co_await drain(view, LifecycleEvent::recycled);
    const auto next = std::min(old_at, idle_at);
    if (next == never) co_return;
    co_await io::sleep_until(home_.timers(), next, abort.get());
  }
}

/// No new calls, the running ones to their end, then the process. Calls that come meanwhile wait.
awaitable<void> Supervisor::drain(std::shared_ptr<const SessionView> view, LifecycleEvent then) {
  if (view_ != view) co_return;
  core::log::info(
      "upstream", "{}: {}", config_->name,
      then == LifecycleEvent::recycled ? "idle, ended until it is needed"
                                       : "replaced after its lifetime"
  );
  const auto process = process_;
  drop_session();
  draining_ = true;
  publish();
  // Every worker has heard of it before the calls are counted.
  for (const auto& [worker, link] : links_) {
    co_await asio::co_spawn(
        worker->executor(), []() -> awaitable<void> { co_return; }, asio::use_awaitable
    );
  }
  const auto until = home_.timers().now() + config_->timeout_max;
  while (in_flight() > 0 && !stopping_ && home_.timers().now() < until)
    co_await drained_.wait(until, &stop_);
  // Somebody asked for a new session meanwhile, and the calls ended with the old one.
  if (stopping_ || process_ != process) co_return;
  draining_ = false;
  if (process_) co_await std::exchange(process_, nullptr)->close();
  last_error_.clear();
  ended_ = End{then, {}, {}, std::nullopt};
  wake_.notify();
}

}  // namespace mooring::upstream
