#include "soak/soak.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <thread>

#include "harness/process.hpp"
#include "soak/claims.hpp"
#include "soak/disturber.hpp"
#include "soak/load.hpp"
#include "soak/observer.hpp"
#include "soak/trend.hpp"
#include "soak/upstreams.hpp"

namespace mooring::soak {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto time_to_heal = 60s;
/// Connections that were kept for reuse, and streams that could still be resumed, go within this.
constexpr auto time_to_rest = 60s;
/// What may stay open more than before the first call: a kept connection to each server from each
/// worker, and the streams of two.
constexpr std::size_t descriptors_at_rest = 8 * 2 + 2;

class Soak {
 public:
  Soak(const SoakOptions& options, const std::atomic<bool>& interrupted)
      : options_(options),
        interrupted_(interrupted),
        upstreams_(options.work / "ledgers", options.seed),
        claims_(options.work / "ledgers"),
        trend_(options.minutes * 60) {}

  bool run() {
    start();
    observer_.emplace(url_, upstreams_.names(), journal_);
    if (observer_->waits_until_ready(time_to_heal)) {
      observer_->look_at_tools();
      under_load();
      at_rest();
    } else {
      journal_.violation("not ready at the start", observer_->not_ready());
    }
    end();
    return judge();
  }

 private:
  void start() {
    for (auto& each : upstreams_.http) each->start();
    const auto config = options_.work / "mooring.json";
    std::ofstream(config) << upstreams_.config();
    gateway_.emplace(std::vector<std::string>{
        integration::mooring_program, "serve", "--config", config.string(), "--state-dir",
        (options_.work / "state").string()
    });
    const auto line = gateway_->line("listening http://");
    if (line.empty()) throw std::runtime_error("the gateway did not start");
    url_ = line.substr(line.find("http://"));
  }

  void under_load() {
    at_first_ = vitals(gateway_->pid());
    Load load(url_, upstreams_.names(), claims_, journal_, options_.seed);
    {
      const Disturber disturber(upstreams_, journal_, options_.seed);
      const auto begin = journal_.seconds();
      for (int second = 1; journal_.seconds() < begin + options_.minutes * 60; ++second) {
        if (interrupted_) break;
        std::this_thread::sleep_for(1s);
        observer_->look();
        if (second % 5 == 0) observer_->look_at_tools();
        trend_.add(journal_.seconds() - begin, vitals(gateway_->pid()));
        if (second % 10 == 0) tell_progress(load);
      }
    }
    heal(load);
    tally_ = load.tally();
  }

  void heal(Load& load) {
    journal_.note("the faults end");
    for (auto& each : upstreams_.http) each->calm();
    const auto begin = journal_.seconds();
    if (!observer_->waits_until_ready(time_to_heal)) {
      return journal_.violation("not ready a minute after the faults", observer_->not_ready());
    }
    healed_in_ = journal_.seconds() - begin;
    // A call that failed before may still have the last word on its server.
    std::this_thread::sleep_for(2s);
    load.expect_success();
    std::this_thread::sleep_for(10s);
    observer_->look();
    observer_->look_at_tools();
  }

  void at_rest() {
    const auto allowed = at_first_.descriptors + descriptors_at_rest;
    for (const auto until = Clock::now() + time_to_rest; Clock::now() < until && !interrupted_;) {
      at_rest_ = vitals(gateway_->pid());
      if (at_rest_.descriptors <= allowed) return;
      std::this_thread::sleep_for(500ms);
    }
    journal_.violation(
        "descriptors stay open",
        fmt::format(
            "{} before the first call, {} at rest", at_first_.descriptors, at_rest_.descriptors
        )
    );
  }

  void end() {
    gateway_->signal(SIGTERM);
    if (!integration::wait_gone(gateway_->pid())) {
      journal_.violation("it does not end", "20 s after SIGTERM the gateway still runs");
      gateway_->signal(SIGKILL);
    } else if (const int code = gateway_->wait(); code != 0) {
      journal_.violation("it ends badly", fmt::format("exit code {} after SIGTERM", code));
    }
    for (const auto& each : upstreams_.stdio) {
      for (const auto pid : each.children()) {
        journal_.violation("a child is left", fmt::format("{}, process {}", each.name(), pid));
        Held(pid).signal(SIGKILL);
      }
    }
    claims_.check(journal_);
  }

  void tell_progress(const Load& load) {
    claims_.check(journal_);
    const auto tally = load.tally();
    std::size_t broken = 0;
    for (const auto& [rule, times] : journal_.broken()) broken += times;
    const auto& now = trend_.last();
    fmt::print(
        "{:6.0f} s  {} calls, {} executions; {} violations; RSS {:.1f} MiB, {} descriptors, {} "
        "threads; "
        "away: {}\n",
        journal_.seconds(), tally.calls(), claims_.executions(), broken,
        static_cast<double>(now.rss_kib) / 1024, now.descriptors, now.threads,
        observer_->names_away()
    );
    std::fflush(stdout);
  }

  bool judge() {
    if (!interrupted_) trend_.check(journal_);
    write("journal.log", journal_.lines());
    write("gateway.log", gateway_->lines());
    write("vitals.csv", trend_.lines());
    fmt::print("\nseed {}, {:.1f} minutes of faults\n\n", options_.seed, options_.minutes);
    if (observer_) fmt::print("{}\n", observer_->table());
    for (const auto& [outcome, number] : tally_.outcomes) {
      fmt::print("  {:<22} {:>8} calls\n", outcome, number);
    }
    fmt::print(
        "  {:<22} {:>8.2f} s\n  {:<22} {:>8}, {} keys more than once\n  {:<22} {:>8.1f} s\n\n",
        "slowest", tally_.slowest, "executions", claims_.executions(), claims_.repeated(),
        "all ready again in", healed_in_
    );
    fmt::print("{}", trend_.table());
    fmt::print(
        "  descriptors: {} before the first call, {} at rest\n\n", at_first_.descriptors,
        at_rest_.descriptors
    );
    const auto broken = journal_.broken();
    for (const auto& [rule, times] : broken) fmt::print("{} × {}\n", times, rule);
    constexpr std::size_t shown = 20;
    const auto all = journal_.violations();
    for (std::size_t i = 0; i < std::min(shown, all.size()); ++i) fmt::print("{}\n", all[i]);
    fmt::print(
        "{}; journal.log, gateway.log, vitals.csv and the ledgers are in {}\n",
        broken.empty() ? "every invariant held" : "INVARIANTS ARE BROKEN", options_.work.string()
    );
    return broken.empty();
  }

  void write(const char* name, const std::vector<std::string>& lines) const {
    std::ofstream file(options_.work / name);
    for (const auto& line : lines) file << line << '\n';
  }

  const SoakOptions options_;
  const std::atomic<bool>& interrupted_;
  Journal journal_;
  Upstreams upstreams_;
  Claims claims_;
  Trend trend_;
  std::optional<integration::Process> gateway_;
  std::string url_;
  std::optional<Observer> observer_;
  Vitals at_first_, at_rest_;
  Tally tally_;
  double healed_in_ = 0;
};

}  // namespace

bool soak(const SoakOptions& options, const std::atomic<bool>& interrupted) {
  fs::remove_all(options.work);
  fs::create_directories(options.work / "ledgers");
  return Soak(options, interrupted).run();
}

}  // namespace mooring::soak
