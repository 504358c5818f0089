#include "soak/disturber.hpp"

#include <fmt/format.h>
#include <signal.h>

#include "soak/processes.hpp"

namespace mooring::soak {

using namespace std::chrono_literals;

Disturber::Disturber(Upstreams& upstreams, Journal& journal, std::uint64_t seed)
    : upstreams_(upstreams), journal_(journal) {
  threads_.emplace_back([this, seed] { disturb_servers(Dice(seed, 2)); });
  threads_.emplace_back([this, seed] { disturb_children(Dice(seed, 3)); });
}

Disturber::~Disturber() {
  stop_.set();
  for (auto& thread : threads_) thread.join();
}

void Disturber::restart(HttpUpstream& upstream, Dice& dice) {
  const bool violent = dice.chance(0.7);
  const auto away = dice.time(0ms, 3000ms);
  journal_.note(fmt::format(
      "{} {} for {} ms", upstream.name(), violent ? "killed" : "told to end", away.count()
  ));
  upstream.server().end(violent ? SIGKILL : SIGTERM);
  stop_.pause(away);
  upstream.server().start();
}

void Disturber::disturb_servers(Dice dice) {
  while (stop_.pause(dice.time(1000ms, 6000ms))) {
    auto& upstream = *upstreams_.http[dice.below(upstreams_.http.size())];
    if (dice.chance(0.6)) {
      restart(upstream, dice);
      continue;
    }
    const auto hang = dice.time(100ms, 7000ms);
    journal_.note(fmt::format("{} hangs for {} ms", upstream.name(), hang.count()));
    upstream.server().signal(SIGSTOP);
    stop_.pause(hang);
    upstream.server().signal(SIGCONT);
  }
}

void Disturber::disturb_children(Dice dice) {
  while (stop_.pause(dice.time(1000ms, 5000ms))) {
    const auto& upstream = upstreams_.stdio[dice.below(upstreams_.stdio.size())];
    const bool kill = dice.chance(0.6);
    const auto hang = dice.time(100ms, 7000ms);
    for (const auto pid : upstream.children()) {
      const Held child(pid);
      if (kill) {
        journal_.note(fmt::format("{} killed, process {}", upstream.name(), pid));
        child.signal(SIGKILL);
        continue;
      }
      journal_.note(
          fmt::format("{} hangs for {} ms, process {}", upstream.name(), hang.count(), pid)
      );
      child.signal(SIGSTOP);
      stop_.pause(hang);
      child.signal(SIGCONT);
    }
  }
}

}  // namespace mooring::soak
