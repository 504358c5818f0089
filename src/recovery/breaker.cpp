#include "recovery/breaker.hpp"

#include "recovery/rules.hpp"

namespace mooring::recovery {

Breaker::State Breaker::state(core::TimePoint now) const {
  if (!open_until_) return State::closed;
  return now < *open_until_ ? State::open : State::half_open;
}

bool Breaker::admit(core::TimePoint now) {
  switch (state(now)) {
    case State::closed:
      return true;
    case State::open:
      return false;
    case State::half_open:
      break;
  }
  if (trying_) return false;
  trying_ = true;
  return true;
}

void Breaker::succeeded() {
  trying_ = false;
  if (!holds(Rule::breaker_closes)) return;
  failures_ = 0;
  open_until_.reset();
}

void Breaker::failed(core::TimePoint now) {
  ++failures_;
  // A call from before it opened says nothing new: only the one let through prolongs.
  const bool opens = !open_until_ && failures_ >= threshold_;
  const bool stays = open_until_ && trying_;
  if (opens || stays) open_until_ = now + cooldown_;
  trying_ = false;
}

void Breaker::abandoned() { trying_ = false; }

}  // namespace mooring::recovery
