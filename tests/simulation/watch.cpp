#include "watch.hpp"

#include <algorithm>

namespace mooring::simulation {
namespace {

constexpr auto window = std::chrono::minutes(1);
/// Handshakes in a minute that no session had earned: a ladder of six attempts, each of up to three
/// where `initialized` is refused, and what probes and callers may add.
constexpr int free_handshakes = 30;
constexpr int free_rebuilds = 14;  ///< after sessions that had answered nothing
/// What a session that had answered adds to these: it begins a new ladder.
constexpr int earned_handshakes = 18;
constexpr int earned_rebuilds = 6;
constexpr std::size_t own_requests = 150;

}  // namespace

void Watch::excuse() {
  excused_ = true;
  asked_.push_back(scene_.now());
}

void Watch::message(const Exchange& exchange) {
  const auto now = scene_.now();
  if (exchange.is_request && !exchange.from_client) {
    own_.push_back(now);
    while (own_.front() < now - window) own_.pop_front();
    while (!failed_.empty() && failed_.front() < now - window) failed_.pop_front();
    const auto allowed = own_requests + 12 * begun_.size() + 6 * failed_.size();
    if (own_.size() > allowed) {
      scene_.broken(
          "bounded", "{} got {} requests of Mooring's own in a minute", name_, own_.size()
      );
    }
  }
  if (exchange.meets) return begun(exchange);
  if (exchange.method == "notifications/initialized" || !exchange.session) return;
  if (!exchange.session->accepted) {
    scene_.broken(
        "initialized", "{} got {} on {} before `initialized` was accepted", name_, exchange.method,
        exchange.session->id
    );
  }
}

void Watch::begun(const Exchange&) {
  const auto now = scene_.now();
  ++initializes_;
  if (++initializing_ > 1) {
    scene_.broken("single_flight", "{} got {} initialize at a time", name_, initializing_);
  }
  const bool well = current_ && ((current_->known && current_->trouble == 0) || current_->dropped);
  if (well && !counted_ && !excused_ && !always_excused_) {
    scene_.broken("cause", "{} got an initialize while {} was well", name_, current_->id);
  }
  const bool stood = current_ && !counted_;
  const bool proven = stood && current_->answered > 0;
  begun_.push_back({now, proven, stood && !proven});
  counted_ = true;
  while (begun_.front().at < now - window) begun_.pop_front();
  while (!asked_.empty() && asked_.front() < now - window) asked_.pop_front();
  const auto rewards = std::ranges::count_if(begun_, &Begun::after_proven) + std::ssize(asked_);
  const auto unproven = std::ranges::count_if(begun_, &Begun::after_unproven);
  if (unproven > free_rebuilds + earned_rebuilds * rewards) {
    scene_.broken("bounded", "{} was rebuilt {} times in a minute for nothing", name_, unproven);
  }
  if (std::ssize(begun_) > free_handshakes + earned_handshakes * rewards) {
    scene_.broken(
        "bounded", "{} got {} initialize in a minute, {} of them after a session that served",
        name_, begun_.size(), rewards
    );
  }
}

void Watch::spawned() {
  const auto now = scene_.now();
  spawned_.push_back(now);
  while (spawned_.front() < now - window) spawned_.pop_front();
  const auto rewards = std::ranges::count_if(begun_, &Begun::after_proven) + std::ssize(asked_);
  if (std::ssize(spawned_) > free_handshakes + earned_handshakes * (rewards + 1)) {
    scene_.broken("bounded", "{} was started {} times in a minute", name_, spawned_.size());
  }
}

void Watch::ended(const Exchange& exchange) {
  if (exchange.meets) --initializing_;
}

void Watch::failed() { failed_.push_back(scene_.now()); }

void Watch::established(const std::shared_ptr<Session>& session) {
  current_ = session;
  counted_ = false;
  excused_ = false;
}

}  // namespace mooring::simulation
