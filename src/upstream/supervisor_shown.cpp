// What others see of a Supervisor: its status, and the snapshots that workers hold.
#include <algorithm>

#include "upstream/supervisor.hpp"

namespace mooring::upstream {

namespace {

std::string_view word(recovery::Breaker::State state) {
  switch (state) {
    case recovery::Breaker::State::closed:
      return "closed";
    case recovery::Breaker::State::open:
      return "open";
    case recovery::Breaker::State::half_open:
      break;
  }
  return "half_open";
}

}  // namespace

awaitable<Status> Supervisor::status() {
  const auto self = shared_from_this();
  if (!home_.on_this_thread())
    co_return co_await asio::co_spawn(home_.executor(), status(), asio::use_awaitable);
  const auto now = home_.timers().now();
  const auto left = [&](core::TimePoint at) {
    return std::max(std::chrono::duration_cast<core::Duration>(at - now), core::Duration{0});
  };
  Status status;
  status.name = config_->name;
  status.transport = is_stdio() ? "stdio" : is_sse() ? "sse" : "http";
  status.target = config_->command;
  if (!is_stdio()) status.target = config_->url.substr(0, config_->url.find('?'));
  status.state = shown_state();
  status.last_error = last_error_;
  status.failure_kind = failure_kind_;
  status.generation = view_ ? view_->generation : generation_;
  status.attempts = lifecycle_.attempts();
  if (next_probe_ && status.state != State::login_needed) status.next_probe_in = left(*next_probe_);
  status.last_success = last_success_;
  status.ready_since = ready_since_;
  status.recoveries = recorder_.recoveries();
  status.calls_saved = recorder_.total(Recorder::Fate::saved);
  status.calls_failed = recorder_.total(Recorder::Fate::failed);
  status.calls_unknown = recorder_.total(Recorder::Fate::unknown);
  status.episodes = recorder_.episodes();
  status.breaker = word(breaker_.state(now));
  status.breaker_failures = breaker_.failures();
  if (breaker_.open_until()) status.breaker_open_in = left(*breaker_.open_until());
  status.idle_ttl = idle_ttl_.estimate();
  if (authenticator_) status.signed_in = authenticator_->signed_in();
  status.in_flight = in_flight();
  status.protocol_version = server_.protocol_version;
  status.server_info = server_.info;
  if (process_ && process_->pid() > 0) status.pid = process_->pid();
  if (const auto& catalogue = lister_.catalogue()) {
    for (const auto kind : all_lists)
      status.listed[static_cast<std::size_t>(kind)] = (*catalogue)[kind].items.size();
  }
  co_return status;
}

/// Between the end of a session and run() noticing it, nobody may send on it.
State Supervisor::shown_state() const {
  const auto state = lifecycle_.state();
  return state == State::ready && !view_ ? State::recovering : state;
}

void Supervisor::publish() {
  Snapshot snapshot;
  snapshot.state = shown_state();
  if (snapshot.state == State::ready) snapshot.session = view_;
  snapshot.server = server_;
  snapshot.catalogue = lister_.catalogue();
  snapshot.last_error = last_error_;
  snapshot.failure_kind = failure_kind_;
  snapshot.next_probe = next_probe_;
  if (authenticator_ && authenticator_->uses_oauth() && authenticator_->needs_person())
    snapshot.login = authenticator_->login_command();
  snapshot.recovery_id = recorder_.current_id();
  snapshot.ended_generation = ended_generation_;
  snapshot.draining = draining_;
  snapshot.asks_clients = asks_clients_;
  snapshot.breaker_counts = breaker_.failures() > 0;
  snapshot.breaker_open_until = breaker_.open_until();
  for (const auto& [worker, link] : links_) {
    if (worker->on_this_thread()) {
      link->publish(snapshot);
    } else {
      worker->post([to = link, snapshot] { to->publish(snapshot); });
    }
  }
  observer_.changed(config_->name);
}

}  // namespace mooring::upstream
