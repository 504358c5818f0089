#include "scripted_upstream.hpp"

#include <algorithm>

#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::simulation {

using protocol::Frame;
using recovery::Stage;
using transport::Outcome;

namespace {

constexpr TimePoint long_ago{};
constexpr std::string_view listen_method = "subscriptions/listen";

bool is_list(std::string_view method) { return method.ends_with("/list"); }

/// A notification under the number of a listen.
Frame listened(const Exchange& listen, std::string_view method) {
  return *Frame::parse(protocol::make_notification(
      method, protocol::with_meta("{}", protocol::meta_subscription_id, listen.id)
  ));
}

}  // namespace

ScriptedUpstream::ScriptedUpstream(
    Scene& scene, Ledger& ledger, Draw draw, Profile profile, Weather weather
)
    : scene_(scene),
      ledger_(ledger),
      draw_(draw),
      profile_(std::move(profile)),
      weather_(std::move(weather)),
      watch_(scene, profile_.name),
      begin_(scene.now()),
      down_until_(long_ago),
      rejects_until_(long_ago) {}

// ---- what befalls it

bool ScriptedUpstream::touches(Where where, const Exchange& exchange) const {
  const bool handshake = exchange.meets || exchange.method == "notifications/initialized";
  switch (where) {
    case Where::all:
      return true;
    case Where::handshake:
      return handshake;
    case Where::lists:
      return is_list(exchange.method);
    case Where::calls:
      return exchange.from_client;
    case Where::own:
      return !exchange.from_client && !handshake;
  }
  return false;
}

Fault ScriptedUpstream::fault_for(const Exchange& exchange) {
  if (calm_) return Fault::none;
  const auto now = scene_.now() - begin_;
  for (const auto& spell : weather_.spells) {
    if (now < spell.begin || now >= spell.end || !touches(spell.where, exchange)) continue;
    if (draw_.chance(spell.probability)) return spell.fault;
  }
  return Fault::none;
}

void ScriptedUpstream::happen(const Happening& happening) {
  if (calm_) return;
  scene_.tell(profile_.name, "*** {}", to_string(happening.event));
  const auto until = scene_.now() + happening.lasts;
  switch (happening.event) {
    case Event::forget:
      return forget_sessions();
    case Event::restart:
      down_until_ = std::max(down_until_, until);
      cut_connections();
      if (!profile_.keeps_sessions) forget_sessions();
      return;
    case Event::outage:
      down_until_ = std::max(down_until_, until);
      return;
    case Event::die: {
      const auto present = of_process_;
      for (const auto& [process, session] : present) die(process, "killed by signal 9");
      return;
    }
    case Event::announce:
      return announce();
    case Event::cut:
      return end_streams(false);
    case Event::reject:
      rejects_until_ = std::max(rejects_until_, until);
      return;
    case Event::reconnect:
    case Event::listed:
      return;
  }
}

void ScriptedUpstream::calm() {
  scene_.tell(profile_.name, "*** is well from now on");
  calm_ = true;
  down_until_ = rejects_until_ = scene_.now();
}

void ScriptedUpstream::forget_sessions() {
  if (profile_.modern) return;
  for (auto& [id, session] : sessions_) session->known = false;
  if (profile_.streams_end_with_session) end_streams(true);
}

void ScriptedUpstream::cut_connections() {
  const auto open = exchanges_;
  for (const auto& exchange : open) {
    if (!exchange->written) continue;
    exchange->cut = true;
    finish(
        exchange, outcome(broken(*exchange, Stage::headers, "connection reset by peer")),
        Evidence::maybe
    );
  }
  end_streams(false);
}

void ScriptedUpstream::end_streams(bool of_forgotten_sessions) {
  const auto under_way = exchanges_;
  for (const auto& listen : under_way) {
    if (listen->method != listen_method || listen->process || !listen->written) continue;
    listen->cut = true;
    finish(
        listen,
        draw_.chance(0.5) ? answered(*listen, "{}")
                          : outcome(broken(*listen, Stage::body, "connection reset by peer")),
        Evidence::maybe
    );
  }
  const auto open = streams_;
  for (const auto& stream : open) {
    if (stream->process || (of_forgotten_sessions && stream->session && stream->session->known)) {
      continue;
    }
    transport::ListenEnd end;
    if (draw_.chance(0.5)) {
      end.failure = stream_broken(Stage::body, "connection reset by peer");
      if (stream->session) ++stream->session->trouble;
    }
    stream->end = std::move(end);
    streams_.erase(stream);
    stream->changed.notify();
  }
}

void ScriptedUpstream::announce() {
  extra_tool_ = !extra_tool_;
  if (!profile_.announces) return;
  for (const auto& listen : exchanges_) {
    if (listen->method != listen_method || !listen->ran) continue;
    listen->messages.push_back(listened(*listen, "notifications/tools/list_changed"));
    listen->changed.notify();
  }
  for (const auto& stream : streams_) {
    stream->messages.push_back(
        *Frame::parse(protocol::make_notification("notifications/tools/list_changed"))
    );
    stream->changed.notify();
  }
}

std::shared_ptr<Process> ScriptedUpstream::spawn() {
  watch_.spawned();
  if (!reachable()) return nullptr;
  auto process = std::make_shared<Process>();
  process->pid = ++last_pid_;
  of_process_[process] = nullptr;
  scene_.tell(profile_.name, "process {} starts", process->pid);
  return process;
}

void ScriptedUpstream::end(const std::shared_ptr<Process>& process) {
  die(process, "is ended", true);
}

void ScriptedUpstream::die(
    const std::shared_ptr<Process>& process, std::string_view how, bool ended
) {
  if (!process->alive) return;
  process->alive = false;
  scene_.tell(profile_.name, "process {} {}", process->pid, how);
  auto session = of_process_.extract(process);
  if (session && session.mapped()) {
    session.mapped()->dropped = ended && session.mapped()->trouble == 0;
    session.mapped()->known = false;
    ++session.mapped()->trouble;
  }
  const auto open = exchanges_;
  for (const auto& exchange : open) {
    if (exchange->process != process) continue;
    exchange->cut = true;
    finish(exchange, outcome(broken(*exchange, Stage::process, std::string(how))), Evidence::maybe);
  }
  const auto heard = streams_;
  for (const auto& stream : heard) {
    if (stream->process != process) continue;
    transport::ListenEnd end;
    end.failure = stream_broken(Stage::process, std::string(how));
    stream->end = std::move(end);
    streams_.erase(stream);
    stream->changed.notify();
  }
}

void ScriptedUpstream::end_session(const transport::SessionHeaders& session) {
  const auto found = sessions_.find(session.session_id);
  if (found == sessions_.end()) return;
  scene_.tell(profile_.name, "{} is ended", session.session_id);
  found->second->dropped = found->second->known && found->second->trouble == 0;
  found->second->known = false;
  if (profile_.streams_end_with_session) end_streams(true);
}

// ---- streams

void ScriptedUpstream::listen(const StreamPtr& stream) {
  streams_.insert(stream);
  if (stream->process) return;
  scene_.after(delay(10), [this, stream] {
    if (!streams_.contains(stream)) return;
    transport::ListenEnd end;
    if (!reachable()) {
      end.failure = stream_broken(Stage::connect, "connection refused");
    } else if (!profile_.offers_stream) {
      end.offered = false;
    } else if (stream->session && !stream->session->known && profile_.dialect != nullptr &&
               !profile_.dialect->get.stays_open) {
      end = stream_expired(*profile_.dialect, true);
    } else {
      return;
    }
    if (end.failure && stream->session) ++stream->session->trouble;
    stream->end = std::move(end);
    streams_.erase(stream);
    stream->changed.notify();
  });
}

std::shared_ptr<Session> ScriptedUpstream::session_named(const std::string& id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

void ScriptedUpstream::acknowledge(const ExchangePtr& listen) {
  listen->ran = true;
  listen->messages.push_back(listened(*listen, "notifications/subscriptions/acknowledged"));
  listen->changed.notify();
}

void ScriptedUpstream::left(const StreamPtr& stream) { streams_.erase(stream); }

}  // namespace mooring::simulation
