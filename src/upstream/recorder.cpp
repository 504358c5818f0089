#include "upstream/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/redact.hpp"

namespace mooring::upstream {

using recovery::Episode;
using Outcome = Episode::Outcome;

Recorder::Recorder(
    std::string server, core::Timers& timers, core::Random& random,
    std::function<void(const Episode&)> tell
)
    : server_(std::move(server)),
      timers_(timers),
      tell_(std::move(tell)),
      prefix_(fmt::format("r-{:08x}-", static_cast<std::uint32_t>(random.next()))) {}

void Recorder::close() {
  told();
  closed_ = true;
}

bool Recorder::open() const {
  return !episodes_.empty() && (episodes_.back().outcome == Outcome::running ||
                                episodes_.back().outcome == Outcome::parked);
}

void Recorder::begin(std::string_view cause, std::string_view evidence, std::uint64_t generation) {
  if (open()) {
    step(fmt::format("{}: {}", cause, evidence));
    return;
  }
  told();
  Episode episode;
  episode.id = prefix_ + std::to_string(++last_id_);
  episode.server = server_;
  episode.cause = cause;
  episode.evidence = core::redact(evidence);
  episode.begun = std::chrono::system_clock::now();
  episode.generation_before = generation;
  begun_ = timers_.now();
  episodes_.push_back(std::move(episode));
  if (episodes_.size() > kept) episodes_.erase(episodes_.begin());
  tell_(episodes_.back());
}

void Recorder::step(std::string what) {
  if (!open() || episodes_.back().steps.size() >= most_steps) return;
  const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(timers_.now() - begun_);
  episodes_.back().steps.push_back({at, core::redact(what)});
}

void Recorder::attempt() {
  if (open()) ++episodes_.back().attempts;
}

void Recorder::end(Outcome outcome, std::uint64_t generation) {
  if (!open()) return;
  auto& episode = episodes_.back();
  if (episode.outcome == outcome) return;
  episode.outcome = outcome;
  episode.took = std::chrono::duration_cast<std::chrono::milliseconds>(timers_.now() - begun_);
  episode.generation_after = generation;
  if (outcome == Outcome::healed) ++recoveries_;
  tell_(episode);
}

void Recorder::account(std::uint64_t generation, Fate fate) {
  ++totals_[static_cast<std::size_t>(fate)];
  const auto found = std::find_if(episodes_.rbegin(), episodes_.rend(), [&](const Episode& each) {
    return each.generation_before <= generation;
  });
  if (found == episodes_.rend()) return;
  auto& count = fate == Fate::saved    ? found->calls_saved
                : fate == Fate::failed ? found->calls_failed
                                       : found->calls_unknown;
  ++count;
  if (untold_ == 0 && !closed_ && found->outcome != Outcome::running) {
    untold_ = timers_.arm_after(settle, [this] { told(); });
  }
}

/// Tells of every episode of late that may have been accounted to.
void Recorder::told() {
  if (untold_ == 0) return;
  timers_.cancel(std::exchange(untold_, 0));
  const auto first = episodes_.size() > 2 ? episodes_.end() - 2 : episodes_.begin();
  for (auto each = first; each != episodes_.end(); ++each) tell_(*each);
}

std::string Recorder::current_id() const { return episodes_.empty() ? "" : episodes_.back().id; }

}  // namespace mooring::upstream
