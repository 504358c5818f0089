#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scripted_upstream.hpp"
#include "weather.hpp"

namespace mooring::simulation {

/// One call of a client.
struct CallPlan {
  enum class What : std::uint8_t { write, read, put, resource } what = What::write;
  Duration at{0};
  std::size_t upstream = 0;
  std::size_t worker = 0;
  std::string key;
  std::optional<Duration> cancel_after;
  bool progress = false;  ///< it carries a progress token
};

/// All that a seed decides beforehand.
struct Scenario {
  std::uint64_t seed = 0;
  unsigned workers = 1;
  std::vector<Profile> servers;
  std::vector<Weather> weather;  ///< of each server
  std::vector<CallPlan> calls;
  Duration trouble{0};       ///< how long things go wrong
  bool stops_early = false;  ///< shut down in the middle of it
};

Scenario draw_scenario(std::uint64_t seed);
std::string describe(const Scenario& scenario);

std::string request_of(const CallPlan& plan);  ///< as a client sends it
bool is_harmless(const CallPlan& plan, const Profile& server);

}  // namespace mooring::simulation
