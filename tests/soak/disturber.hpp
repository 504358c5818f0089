#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include "soak/dice.hpp"
#include "soak/journal.hpp"
#include "soak/stop_flag.hpp"
#include "soak/upstreams.hpp"

namespace mooring::soak {

/// Kills, restarts and hangs the upstreams at random until it goes: one thread for those over HTTP,
/// one for children.
class Disturber {
 public:
  Disturber(Upstreams& upstreams, Journal& journal, std::uint64_t seed);
  ~Disturber();
  Disturber(const Disturber&) = delete;
  Disturber& operator=(const Disturber&) = delete;

 private:
  void disturb_servers(Dice dice);
  void disturb_children(Dice dice);
  void restart(HttpUpstream& upstream, Dice& dice);

  Upstreams& upstreams_;
  Journal& journal_;
  StopFlag stop_;
  std::vector<std::thread> threads_;
};

}  // namespace mooring::soak
