#include "chaos/engine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mooring::chaos {
namespace {

io::HttpClientOptions proxying(io::HttpClientOptions options) {
  options.max_redirects = 0;  // the client's business
  return options;
}

}  // namespace

Engine::Engine(io::Worker& w, ProxyOptions given, Tell tell)
    : worker(w),
      options(std::move(given)),
      plan(options.faults, options.seed, w.timers().now()),
      sessions(core::system_random()),
      client(w, proxying(options.client)),
      wake(w.executor(), w.timers()),
      tell_(std::move(tell)),
      began_(w.timers().now()),
      about_sessions_(std::ranges::any_of(options.faults, [](const Fault& fault) {
        return fault.kind == FaultKind::expire || fault.kind == FaultKind::restart ||
               fault.kind == FaultKind::error_session;
      })) {}

core::Duration Engine::age() const {
  return std::chrono::duration_cast<core::Duration>(worker.timers().now() - began_);
}

void Engine::tell(Injection injection, std::size_t index) {
  plan.struck(index);
  const auto& fault = plan.fault(index);
  injection.at = age();
  injection.fault = name_of(fault.kind);
  injection.written = fault.text;
  if (tell_) tell_(injection);
}

void Engine::struck(
    std::size_t index, const Flow& flow, std::uint64_t request, std::string detail
) {
  Injection injection;
  injection.detail = std::move(detail);
  injection.request = request;
  injection.http_method = flow.asked.http_method;
  if (!flow.asked.methods.empty()) injection.method = flow.asked.methods.front();
  tell(std::move(injection), index);
}

bool Engine::strike(std::size_t index) {
  const auto& fault = plan.fault(index);
  Injection injection;
  if (fault.kind == FaultKind::restart) return restart(index);
  if (fault.kind == FaultKind::expire) {
    const auto count = sessions.forget_all(*fault.dialect);
    if (count > 0) {
      injection.detail = fmt::format(
          "{} session{} forgotten ({})", count, count == 1 ? "" : "s", fault.dialect->name
      );
      if (fault.end_streams) {
        end_streams(Flow::Ending::clean, [](const Flow& flow) { return !flow.session.empty(); });
      }
    }
  } else {
    const auto count = end_streams(Flow::Ending::broken, [&](const Flow& flow) {
      return fits(fault, flow.asked);
    });
    if (count > 0) injection.detail = fmt::format("{} stream{}", count, count == 1 ? "" : "s");
  }
  if (injection.detail.empty()) {
    plan.missed(index);
    return false;
  }
  tell(std::move(injection), index);
  return true;
}

void Engine::expire(const Fault& fault, const std::string& session) {
  sessions.forget(session, *fault.dialect);
  if (!fault.end_streams) return;
  end_streams(Flow::Ending::clean, [&](const Flow& flow) { return flow.session == session; });
}

bool Engine::restart(std::size_t index) {
  if (down_until) {
    plan.missed(index);
    return false;
  }
  const auto& fault = plan.fault(index);
  down_until = worker.timers().now() + *fault.time;
  Injection injection;
  const auto count = sessions.forget_all(*fault.dialect);
  injection.detail = fmt::format(
      "down for {} ms, {} session{} gone", fault.time->count(), count, count == 1 ? "" : "s"
  );
  tell(std::move(injection), index);
  return true;
}

std::size_t Engine::end_streams(Flow::Ending how, const std::function<bool(const Flow&)>& which) {
  std::vector<Flow*> ending;
  for (auto* flow : flows) {
    // Only the GET stream belongs to the session as such; a call's stream ends with the call.
    const bool listening = flow->asked.http_method == "GET";
    if (flow->streaming && (how == Flow::Ending::broken || listening) && which(*flow)) {
      ending.push_back(flow);
    }
  }
  for (auto* flow : ending) flow->end(how);
  return ending.size();
}

}  // namespace mooring::chaos
