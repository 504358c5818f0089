#include "chaos/plan.hpp"

#include <algorithm>

namespace mooring::chaos {
namespace {

using Kind = FaultKind;

/// Of a fault with a period, the moment that follows `now`.
core::TimePoint following(core::TimePoint last, core::Duration every, core::TimePoint now) {
  const auto periods = (now - last) / every + 1;
  return last + every * periods;
}

bool kind_fits(Kind kind, const Asked& asked) {
  switch (kind) {
    case Kind::expire:
      return asked.in_session;
    case Kind::stale:
      return asked.reused;
    case Kind::truncate:
    case Kind::garbage:
    case Kind::wrong_id:
    case Kind::error_session:
      return asked.expects_response;
    case Kind::cut:
      return asked.expects_response || asked.http_method == "GET";
    default:
      return true;
  }
}

}  // namespace

bool fits(const Fault& fault, const Asked& asked) {
  if (!kind_fits(fault.kind, asked)) return false;
  return fault.methods.empty() ||
         std::ranges::any_of(fault.methods, [&](const std::string& wanted) {
           return wanted == asked.http_method ||
                  std::ranges::find(asked.methods, wanted) != asked.methods.end();
         });
}

Plan::Plan(std::vector<Fault> faults, std::uint64_t seed, core::TimePoint now) : seed_(seed) {
  for (auto& fault : faults) {
    Entry entry{std::move(fault), core::SeededRandom(seed_ ^ (entries_.size() << 48U))};
    if (entry.fault.every.count() > 0) entry.next = now + entry.fault.every;
    entries_.push_back(std::move(entry));
  }
}

bool Plan::strikes(Entry& entry, core::TimePoint now) {
  const auto& fault = entry.fault;
  ++entry.fitting;
  if (entry.by_hand) return entry.due;
  if (entry.next) {
    if (now < *entry.next) return entry.due;
    entry.next = following(*entry.next, fault.every, now);
    entry.due = true;
  } else if (fault.every_requests > 0) {
    if (entry.fitting % fault.every_requests == 0) entry.due = true;
  } else if (fault.probability) {
    return entry.random.uniform01() < *fault.probability;
  } else {
    return true;
  }
  return entry.due;
}

Plan::Hits Plan::on_request(const Asked& asked, core::TimePoint now) {
  Hits hits;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& entry = entries_[i];
    if (entry.over || entry.fault.strikes_by_clock() || !fits(entry.fault, asked)) continue;
    if (!strikes(entry, now)) continue;
    auto& place = entry.fault.kind == Kind::delay ? hits.delay : hits.fault;
    if (place) continue;  // one that was due stays due
    place = i;
    take(i);
  }
  return hits;
}

std::vector<std::size_t> Plan::on_time(core::TimePoint now) {
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& entry = entries_[i];
    const bool of_the_clock = entry.fault.strikes_by_clock() || entry.fault.kind == Kind::cut;
    if (!of_the_clock || entry.over || !entry.next || now < *entry.next) continue;
    entry.next = following(*entry.next, entry.fault.every, now);
    take(i);
    due.push_back(i);
  }
  return due;
}

std::optional<core::TimePoint> Plan::next_time() const {
  std::optional<core::TimePoint> first;
  for (const auto& entry : entries_) {
    const bool of_the_clock = entry.fault.strikes_by_clock() || entry.fault.kind == Kind::cut;
    if (!of_the_clock || entry.over || !entry.next) continue;
    if (!first || *entry.next < *first) first = entry.next;
  }
  return first;
}

std::optional<std::size_t> Plan::arm(Fault fault) {
  const auto same = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.by_hand && entry.fault.text == fault.text;
  });
  if (same != entries_.end()) {
    if (!same->over) return std::nullopt;
    same->over = false;
    same->due = true;
    return static_cast<std::size_t>(same - entries_.begin());
  }
  Entry entry{std::move(fault), core::SeededRandom(0)};
  entry.fault.once = true;
  entry.by_hand = true;
  entry.due = true;
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

void Plan::take(std::size_t index) {
  entries_[index].due = false;
  entries_[index].over = entries_[index].fault.once;
}

void Plan::missed(std::size_t index) {
  auto& entry = entries_[index];
  const auto& fault = entry.fault;
  if (fault.once) entry.over = false;
  // What the clock alone drives comes again with the clock.
  if (fault.strikes_by_clock()) return;
  if (entry.by_hand || entry.next || fault.every_requests > 0) entry.due = true;
}

}  // namespace mooring::chaos
