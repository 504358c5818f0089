#include "server/recovery_totals.hpp"

#include <algorithm>

namespace mooring::server {

using Outcome = recovery::Episode::Outcome;

void RecoveryTotals::note(const recovery::Episode& episode) {
  const std::lock_guard lock(mutex_);
  if (!is_new(episode) || episode.outcome == Outcome::running) return;
  ++totals_.ended[{episode.server, episode.cause, std::string(to_string(episode.outcome))}];
  if (episode.outcome != Outcome::healed && episode.outcome != Outcome::kept) return;
  auto& healing = totals_.healing[episode.server];
  const auto seconds = std::chrono::duration<double>(episode.took).count();
  const auto bucket = std::ranges::lower_bound(bounds, seconds) - bounds.begin();
  ++healing.counts[static_cast<std::size_t>(bucket)];
  ++healing.count;
  healing.seconds += seconds;
}

bool RecoveryTotals::is_new(const recovery::Episode& episode) {
  const auto [at, first] = told_.emplace(episode.id, episode.outcome);
  if (!first) return std::exchange(at->second, episode.outcome) != episode.outcome;
  order_.push_back(episode.id);
  if (order_.size() > most_remembered) {
    told_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

RecoveryTotals::Totals RecoveryTotals::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace mooring::server
