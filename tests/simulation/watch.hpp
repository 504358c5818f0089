#pragma once

#include <deque>
#include <memory>
#include <string>

#include "exchange.hpp"

namespace mooring::simulation {

/// What one server sees of those who talk to it, held against what they promise: how sessions are
/// begun and used, and how often.
class Watch {
 public:
  Watch(Scene& scene, const std::string& name) : scene_(scene), name_(name) {}

  void message(const Exchange& exchange);
  void spawned();
  void ended(const Exchange& exchange);
  void failed();  ///< a client's request: it may be looked into
  /// A session whose handshake went through.
  void established(const std::shared_ptr<Session>& session);
  /// Somebody may want a new session without anything having gone wrong.
  void excuse();
  void always_excused() { always_excused_ = true; }

  std::size_t initializes() const { return initializes_; }
  const std::shared_ptr<Session>& current() const { return current_; }

 private:
  void begun(const Exchange& exchange);
  void forget_old();

  struct Begun {
    TimePoint at;
    bool after_proven;    ///< the session before it had answered something
    bool after_unproven;  ///< a session stood before it, and had answered nothing
  };

  Scene& scene_;
  std::string name_;
  std::shared_ptr<Session> current_;  ///< the newest that was established
  bool counted_ = false;              ///< its end has been followed by an initialize
  bool excused_ = false, always_excused_ = false;
  int initializing_ = 0;
  std::size_t initializes_ = 0;
  std::deque<Begun> begun_;  ///< of the last minute
  std::deque<TimePoint> own_, failed_, spawned_, asked_;
};

}  // namespace mooring::simulation
