#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/fault.hpp"
#include "core/random.hpp"

namespace mooring::chaos {

/// What the plan has to know of a request.
struct Asked {
  std::string_view http_method;
  std::vector<std::string> methods;  ///< JSON-RPC methods in it; several in a batch
  bool expects_response = false;     ///< there is a JSON-RPC request among them
  bool in_session = false;           ///< it names a session that stands
  bool reused = false;               ///< its connection has served requests before
};

/// Which fault hits which request. Pure: the clock comes with each question and the randomness from
/// the seed; a fault's decisions depend on the requests that fit it and on nothing else, so that
/// another fault beside it changes none of them.
class Plan {
 public:
  struct Entry {
    Fault fault;
    core::SeededRandom random;
    std::uint64_t fitting = 0;                           ///< requests it was asked about
    std::uint64_t injected = 0;                          ///< times it struck
    std::optional<core::TimePoint> next = std::nullopt;  ///< by the clock
    bool due = false;                                    ///< strikes at the next request that fits
    bool over = false;                                   ///< `once` has been
    bool by_hand = false;                                ///< from `arm`
  };
  struct Hits {
    std::optional<std::size_t> delay;
    std::optional<std::size_t> fault;  ///< the first one given, where several would strike
  };

  Plan(std::vector<Fault> faults, std::uint64_t seed, core::TimePoint now);

  /// What strikes now. Each one named has to be told `struck` or `missed` when that is known.
  Hits on_request(const Asked& asked, core::TimePoint now);
  /// Faults of the clock that are due: expire, restart, and cut for the streams that are open.
  std::vector<std::size_t> on_time(core::TimePoint now);
  /// When to ask `on_time` again.
  std::optional<core::TimePoint> next_time() const;

  /// One more by hand: it strikes once, at the next request that fits. Empty: the same one already
  /// waits for its request.
  std::optional<std::size_t> arm(Fault fault);

  /// Strikes at once instead of at a request; to be told `struck` or `missed`.
  void take(std::size_t index);
  void struck(std::size_t index) { ++entries_[index].injected; }
  /// There was nothing to hit (no stream to cut, an answer that is no JSON): it waits for the next.
  void missed(std::size_t index);

  const Fault& fault(std::size_t index) const { return entries_[index].fault; }
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  bool strikes(Entry& entry, core::TimePoint now);

  std::deque<Entry> entries_;  ///< a fault stays where it is while others are added
  std::uint64_t seed_;
};

/// Whether `fault` is for such a request at all.
bool fits(const Fault& fault, const Asked& asked);

}  // namespace mooring::chaos
