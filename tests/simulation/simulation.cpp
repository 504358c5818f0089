#include "simulation.hpp"

#include <algorithm>

#include "upstream/link.hpp"

namespace mooring::simulation {

using namespace std::chrono_literals;
using protocol::Frame;
using upstream::ListKind;
using upstream::State;

namespace {

constexpr auto slack = 50ms;           ///< a call's end after its deadline
constexpr auto at_once = 100ms;        ///< what a server without trouble takes
constexpr auto after_a_start = 500ms;  ///< likewise, if it may have to be started first
constexpr int most_handlers = 20000;   ///< at one point in time
constexpr auto shutdown_time = 20s;
constexpr int last_try = 3;  ///< of the calls when everything is well again

const std::vector<std::string>& lasting_tools() {
  static const std::vector<std::string> names = {"write", "read", "put"};
  return names;
}

/// It is ended when idle, or replaced when old, and started again for a call.
bool may_rest(const UpstreamConfig& config) {
  return config.idle_timeout.count() > 0 || config.max_lifetime.count() > 0;
}

}  // namespace

/// Serves no client; follows what is recorded.
class Simulation::Recorded final : public upstream::Observer {
 public:
  explicit Recorded(Scene& scene) : scene_(scene) {}

  void changed(const std::string&) override {}
  void list_changed(const std::string&, ListKind) override {}
  void notification(const std::string&, const Frame&) override {}
  awaitable<std::optional<std::string>> request(const std::string&, const Frame&) override {
    co_return std::nullopt;
  }
  void recovery(const recovery::Episode& episode) override {
    auto& open = open_[episode.server];
    if (episode.outcome != recovery::Episode::Outcome::running) {
      open.erase(episode.id);
    } else if (open.insert(episode.id).second && open.size() > 1) {
      scene_.broken("recorded", "{} has two recoveries at a time", episode.server);
    }
  }
  bool is_open(const std::string& server) { return !open_[server].empty(); }

 private:
  Scene& scene_;
  std::map<std::string, std::set<std::string>> open_;  ///< recoveries that run, of each server
};

struct Simulation::Call final : transport::Sink {
  Call(Simulation& of, CallPlan with)
      : simulation(of), plan(std::move(with)), frame(*Frame::parse(request_of(plan))) {}

  awaitable<void> message(Frame message) override {
    if (message.method() != "notifications/progress") co_return;
    const auto& config = simulation.scenario_.servers[plan.upstream].config;
    const auto moved = simulation.scene_.now() + config.timeout;
    deadline = std::max(deadline, std::min(moved, hard_deadline));
  }

  Simulation& simulation;
  CallPlan plan;
  Frame frame;
  io::AbortSource abort;
  std::string reason = "the user said so";
  TimePoint began, deadline, hard_deadline;
  bool done = false;
  std::string_view must_succeed;  ///< or else this promise is broken
  upstream::CallResult result;
};

struct Simulation::Server {
  std::unique_ptr<Gate> gate;  ///< where it wants access tokens
  std::unique_ptr<ScriptedUpstream> script;
  std::unique_ptr<ScriptedChannels> channels;
  std::shared_ptr<const UpstreamConfig> config;
  std::shared_ptr<upstream::Supervisor> supervisor;
  std::vector<std::shared_ptr<upstream::Link>> links;
  std::vector<upstream::CataloguePtr> seen;  ///< by each worker
  bool stopped = false;
};

Simulation::Simulation(Scenario scenario, bool tell)
    : scenario_(std::move(scenario)),
      scene_(core::ManualTimers().now(), tell),
      draw_(scenario_.seed ^ 0x51ed270b),
      ledger_(scene_),
      random_(scenario_.seed),
      observer_(std::make_unique<Recorded>(scene_)) {
  build();
}

Simulation::~Simulation() { release(); }

/// Links and channels go while their workers live.
void Simulation::release() {
  for (auto& server : servers_) server->links.clear();
  for (auto& server : servers_) server->supervisor.reset();
}

void Simulation::build() {
  for (unsigned i = 0; i < scenario_.workers; ++i) {
    timers_.push_back(new core::ManualTimers);
    workers_.push_back(
        std::make_unique<io::Worker>(i, std::unique_ptr<core::Timers>(timers_.back()))
    );
  }
  for (std::size_t i = 0; i < scenario_.servers.size(); ++i) {
    auto server = std::make_unique<Server>();
    const auto& profile = scenario_.servers[i];
    server->script = std::make_unique<ScriptedUpstream>(
        scene_, ledger_, draw_.fork(), profile, scenario_.weather[i]
    );
    // Replaced when idle or old: nothing has to go wrong for that.
    if (may_rest(profile.config)) server->script->watch().always_excused();
    server->channels = std::make_unique<ScriptedChannels>(*server->script);
    server->config = std::make_shared<const UpstreamConfig>(profile.config);
    server->supervisor = std::make_shared<upstream::Supervisor>(
        *workers_.front(), server->config, *server->channels, random_, upstream::ClientIdentity{},
        *observer_
    );
    std::shared_ptr<transport::Credentials> credentials;
    if (profile.guarded) {
      server->gate =
          std::make_unique<Gate>(scene_, *workers_.front(), draw_.fork(), server->config, random_);
      credentials = server->gate->credentials();
      server->script->guard(*server->gate);
      server->supervisor->sign_in_with(server->gate->authenticator(), credentials);
    }
    std::vector<std::pair<io::Worker*, std::shared_ptr<upstream::Link>>> all;
    for (const auto& worker : workers_) {
      server->links.push_back(std::make_shared<upstream::Link>(
          *worker, server->config, server->channels->http(*worker, *server->config, credentials),
          server->supervisor, scenario_.workers
      ));
      all.emplace_back(worker.get(), server->links.back());
    }
    server->seen.resize(workers_.size());
    server->supervisor->set_links(std::move(all));
    servers_.push_back(std::move(server));
  }
}

// ---- time

bool Simulation::run_one_handler() {
  const auto first = workers_.size() > 1 ? draw_.next() % workers_.size() : 0;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto& context = workers_[(first + i) % workers_.size()]->context();
    context.restart();
    if (context.poll_one() > 0) return true;
  }
  return false;
}

/// Runs whatever can run without the clock moving.
void Simulation::turn() {
  int handlers = 0;
  for (;;) {
    if (broken()) return;
    if (!run_one_handler() && !scene_.run_one()) break;
    if (++handlers > most_handlers) {
      return scene_.broken("bounded", "{} handlers ran while the clock stood still", handlers);
    }
  }
  check();
}

void Simulation::advance_timers() {
  const auto now = scene_.now();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (timers_[i]->now() >= now) continue;
    // Inside the loop, as real timers fire.
    workers_[i]->post([timers = timers_[i], now] {
      timers->advance(std::chrono::duration_cast<Duration>(now - timers->now()));
    });
  }
}

/// To the next thing that happens, at most `until`. False: there is none before.
bool Simulation::step_until(TimePoint until) {
  turn();
  if (broken()) return false;
  auto next = scene_.next();
  for (const auto* timers : timers_) {
    if (timers->next() && (!next || *timers->next() < *next)) next = timers->next();
  }
  const bool ends = !next || *next > until;
  scene_.move_to(ends ? until : *next);
  advance_timers();
  if (ends) turn();
  return !ends;
}

// ---- what is checked after each step

void Simulation::check() {
  check_calls();
  for (auto& server : servers_) check_catalogue(*server);
}

void Simulation::check_calls() {
  for (const auto& call : calls_) {
    if (scene_.now() <= call->deadline + slack) continue;
    scene_.broken("deadline", "{} is still under way after its deadline", call->plan.key);
  }
}

void Simulation::check_catalogue(Server& server) {
  for (std::size_t i = 0; i < server.links.size(); ++i) {
    const auto& now = server.links[i]->snapshot().catalogue;
    auto& before = server.seen[i];
    if (now == before) continue;
    const auto& name = server.config->name;
    if (!now) return scene_.broken("catalogue", "that of {} is gone", name);
    for (const auto& tool : lasting_tools()) {
      const bool had = before && (*before)[ListKind::tools].find(tool) != nullptr;
      if (had && (*now)[ListKind::tools].find(tool) == nullptr) {
        scene_.broken("catalogue", "{} vanished from that of {}", tool, name);
      }
    }
    before = now;
  }
}

// ---- calls

void Simulation::launch(const CallPlan& plan) {
  auto& server = *servers_[plan.upstream];
  if (server.stopped) return;
  auto call = std::make_shared<Call>(*this, plan);
  const auto& config = *server.config;
  auto& entry = ledger_.open(plan.key, config.name);
  entry.harmless = is_harmless(plan, scenario_.servers[plan.upstream]);
  entry.spec_replay = config.replay == ReplayPolicy::spec;
  entry.never_replay = config.replay == ReplayPolicy::never;
  call->began = scene_.now();
  call->deadline = call->began + config.timeout;
  call->hard_deadline = call->began + std::max(config.timeout, config.timeout_max);
  if (server.script->profile().quiet && plan.at >= 1s && !plan.cancel_after) {
    call->must_succeed = "apart";
  }
  calls_.push_back(call);
  scene_.tell("client", "calls {} {} of {}", plan.key, call->frame.name(), config.name);
  if (plan.cancel_after) {
    scene_.after(*plan.cancel_after, [this, call] {
      if (call->done) return;
      scene_.tell("client", "cancels {}", call->plan.key);
      ledger_.at(call->plan.key).cancelled = true;
      call->abort.abort();
    });
  }
  upstream::CallRequest request;
  request.frame = &call->frame;
  request.sink = call.get();
  request.abort = &call->abort;
  request.reason_now = &call->reason;
  asio::co_spawn(
      workers_[plan.worker]->executor(),
      [](std::shared_ptr<upstream::Link> link, std::shared_ptr<Call> to,
         upstream::CallRequest what) -> awaitable<void> {
        to->result = co_await link->call(std::move(what));
        to->simulation.call_ended(*to);
      }(server.links[plan.worker], call, std::move(request)),
      [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      }
  );
}

void Simulation::call_ended(Call& call) {
  call.done = true;
  std::erase_if(calls_, [&call](const auto& each) { return each.get() == &call; });
  const auto& key = call.plan.key;
  const auto& result = call.result;
  scene_.tell(
      "client", "{} ends: {}", key,
      result.error ? result.error->kind + ": " + result.error->message
                   : std::string(result.response ? result.response->bytes() : "stream")
  );
  ledger_.told(key, result);
  const auto& seen = servers_[call.plan.upstream]->links[call.plan.worker]->snapshot();
  const bool open = seen.session && !seen.breaker_open_until;
  if (result.error && result.error->kind == "unavailable" && open) {
    scene_.broken(
        "truth", "{} was told that {} is away, which is ready", key,
        servers_[call.plan.upstream]->config->name
    );
  }
  if (call.must_succeed.empty()) return;
  const bool good = result.response && result.response->kind() == Frame::Kind::result;
  const auto took = scene_.now() - call.began;
  const auto& config = *servers_[call.plan.upstream]->config;
  if (good && took <= (may_rest(config) ? after_a_start : at_once)) return;
  scene_.broken(
      call.must_succeed, "{} of {}, where nothing is wrong, {} after {} ms", key, config.name,
      good ? "was answered" : "failed", std::chrono::duration_cast<Duration>(took).count()
  );
}

// ---- the acts of a run

void Simulation::run() {
  for (auto& server : servers_) {
    workers_.front()->post([supervisor = server->supervisor] { supervisor->start(); });
  }
  trouble();
  if (!broken() && !scenario_.stops_early) {
    calm_down();
    last_calls();
  }
  if (!broken()) stop();
  if (!broken()) check_nothing_left();
  ended_ = !broken();
}

void Simulation::trouble() {
  for (const auto& plan : scenario_.calls) {
    scene_.at(scene_.now() + plan.at, [this, &plan] { launch(plan); });
  }
  for (auto& server : servers_) {
    if (server->gate) server->gate->begin(scenario_.trouble);
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    for (const auto& happening : scenario_.weather[i].happenings) {
      scene_.after(happening.at, [this, i, &happening] {
        auto& server = *servers_[i];
        if (server.stopped) return;
        server.script->happen(happening);
        ask(server, happening.event);
      });
    }
  }
  const auto until = scene_.now() + scenario_.trouble / (scenario_.stops_early ? 2 : 1);
  while (step_until(until)) {
  }
}

/// What others want of a server, besides calls.
void Simulation::ask(Server& server, Event event) {
  if (event == Event::reconnect) {
    server.script->watch().excuse();
    if (server.gate) server.gate->asked();
    workers_.front()->post([supervisor = server.supervisor] { supervisor->reconnect_now(); });
  } else if (event == Event::listed) {
    const auto from = draw_.next() % workers_.size();
    asio::co_spawn(
        workers_[from]->executor(),
        [](std::shared_ptr<upstream::Supervisor> supervisor) -> awaitable<void> {
          co_await supervisor->freshen(ListKind::tools);
        }(server.supervisor),
        [](const std::exception_ptr& error) {
          if (error) std::rethrow_exception(error);
        }
    );
  }
}

/// Nothing goes wrong any more: every server has to come back by itself, with a little traffic.
void Simulation::calm_down() {
  for (auto& server : servers_) {
    server->script->calm();
    if (server->gate) server->gate->calm();
  }
  auto longest = Duration{0};
  for (const auto& server : servers_) {
    const auto& config = *server->config;
    longest = std::max(
        longest, config.parked_interval * 5 / 4 + config.backoff_max * 5 / 4 +
                     config.breaker_cooldown + config.connect_timeout + 2 * config.timeout_max
    );
  }
  int number = 0;
  for (auto at = Duration{0}; at < longest; at += 7s) {
    scene_.after(at, [this, extra = ++number] {
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        CallPlan plan;
        plan.what = CallPlan::What::read;
        plan.at = scene_.since_begin();
        plan.upstream = i;
        plan.worker = static_cast<std::size_t>(extra) % workers_.size();
        plan.key = fmt::format("calm{}-{}", extra, i);
        launch(plan);
      }
    });
  }
  const auto until = scene_.now() + longest;
  while (step_until(until)) {
  }
}

void Simulation::last_calls() {
  for (int round = 0; round < last_try; ++round) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      for (std::size_t w = 0; w < workers_.size(); ++w) {
        if (broken()) return;
        const auto& link = *servers_[i]->links[w];
        const auto state = link.snapshot().state;
        if (state != State::ready && !may_rest(*servers_[i]->config)) {
          return scene_.broken(
              "returns", "{} is {} although nothing is wrong any more ({})", link.name(),
              to_string(state), link.snapshot().last_error
          );
        }
        if (state == State::ready && observer_->is_open(link.name())) {
          return scene_.broken("recorded", "{} is well, its recovery goes on", link.name());
        }
        CallPlan plan;
        plan.at = scene_.since_begin();
        plan.upstream = i;
        plan.worker = w;
        plan.key = fmt::format("last{}-{}-{}", round, i, w);
        launch(plan);
        calls_.back()->must_succeed = "returns";
      }
    }
    const auto until = scene_.now() + 1s;
    while (step_until(until)) {
    }
  }
}

void Simulation::stop() {
  scene_.tell("client", "everything stops");
  for (auto& server : servers_) server->stopped = true;
  for (auto& call : calls_) call->must_succeed = {};
  if (draw_.chance(0.5)) {
    for (const auto& call : std::vector(calls_)) {
      ledger_.at(call->plan.key).cancelled = true;
      call->abort.abort();
    }
  }
  std::size_t waiting = 0;
  const auto spawn = [&waiting](io::Worker& on, awaitable<void> task) {
    ++waiting;
    asio::co_spawn(on.executor(), std::move(task), [&waiting](const std::exception_ptr& error) {
      --waiting;
      if (error) std::rethrow_exception(error);
    });
  };
  for (auto& server : servers_) spawn(*workers_.front(), server->supervisor->stop());
  const auto until = scene_.now() + shutdown_time;
  while (waiting > 0 && step_until(until)) {
  }
  for (const auto& call : std::vector(calls_)) call->abort.abort();
  for (auto& server : servers_) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      spawn(*workers_[i], [](std::shared_ptr<upstream::Link> link) -> awaitable<void> {
        co_await link->stop();
      }(server->links[i]));
    }
  }
  while (waiting > 0 && step_until(until)) {
  }
  if (!broken() && waiting > 0)
    scene_.broken("stops", "it takes more than {} s", shutdown_time.count());
  turn();
}

void Simulation::check_nothing_left() {
  if (!calls_.empty()) scene_.broken("stops", "{} has not ended", calls_.front()->plan.key);
  for (const auto& server : servers_) {
    const auto& name = server->config->name;
    if (server->channels->open() > 0) scene_.broken("stops", "a process of {} is left", name);
    if (server->gate) server->gate->check();
    if (server->script->open() > 0) scene_.broken("stops", "a channel to {} is left open", name);
  }
  release();
  for (const auto* timers : timers_) {
    if (timers->armed() == 0) continue;
    const auto in = std::chrono::duration_cast<Duration>(*timers->next() - scene_.now()).count();
    scene_.broken("stops", "{} timers are left armed, the next in {} ms", timers->armed(), in);
  }
}

}  // namespace mooring::simulation
