#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "recovery/episode.hpp"

namespace mooring::store {

/// Which episodes are wanted; the newest of them come first.
struct HistoryQuery {
  std::string server = {};  ///< empty: of all
  std::optional<recovery::Episode::Time> since = std::nullopt;
  std::size_t limit = 50;
};

/// The flight recorder: what healed, when and how, over restarts. Kept are the newest 10,000
/// episodes of the last 30 days. Safe from any thread; a disk that fails costs a log line.
class HistoryStore {
 public:
  using Time = recovery::Episode::Time;
  using Episodes = std::vector<recovery::Episode>;
  static constexpr std::size_t most_kept = 10'000;
  static constexpr std::chrono::hours kept_for{30 * 24};

  /// What ran when an earlier process ended is `superseded` from now on.
  static Result<std::unique_ptr<HistoryStore>> open(const std::filesystem::path& file, Time now);
  /// What a file holds, without a running gateway and without changing it; likewise.
  static Result<Episodes> read(const std::filesystem::path& file, const HistoryQuery& query);
  virtual ~HistoryStore() = default;  ///< writes what is queued, answers what was asked

  /// Replaces what was recorded under the same id. Queued, never waited for; what looks like a
  /// credential is left out.
  virtual void record(recovery::Episode episode) = 0;
  /// `take` runs once, on the store's own thread; everything recorded before is among the answer.
  virtual void find(HistoryQuery query, std::function<void(Episodes)> take) = 0;
};

}  // namespace mooring::store
