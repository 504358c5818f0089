#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "scene.hpp"
#include "upstream/call.hpp"

namespace mooring::simulation {

/// What the end of an attempt told its sender.
enum class Evidence : std::uint8_t {
  none,      ///< still under way
  not_sent,  ///< it certainly never arrived
  refused,   ///< a complete answer that can only mean: this session is unknown
  unclear,   ///< a complete answer that refuses, but does not say clearly what
  maybe,     ///< it may have run
  answered,  ///< the server's own response
};
std::string_view to_string(Evidence evidence);

/// A session as its server knows it.
struct Session {
  std::string id;
  std::uint64_t ordinal = 0;  ///< of its upstream
  bool known = true;          ///< the server has not forgotten it
  bool initialized = false;   ///< `initialized` has arrived
  bool accepted = false;      ///< and its sender was told so
  int answered = 0;           ///< requests other than `initialize` whose response was received
  int trouble = 0;            ///< bad news received about it
  bool dropped = false;       ///< its client ended it although all was well with it
  /// Likewise over all sessions of the server.
  std::shared_ptr<int> served = std::make_shared<int>(0);
};

/// Every call that carries a key: what was sent of it, how often it ran, and what its caller was
/// told. Says so when the three do not fit.
class Ledger {
 public:
  struct Attempt {
    std::shared_ptr<Session> session;
    Evidence evidence = Evidence::none;
    // Of its session when it ended:
    int answered_at_end = 0;
    int served_at_end = 0;
  };
  struct Entry {
    std::string key;
    std::string upstream;
    bool harmless = false;     ///< running it twice changes nothing
    bool spec_replay = false;  ///< the operator wants it sent again whatever happened
    bool never_replay = false;
    std::vector<Attempt> attempts;
    int executions = 0;
    std::set<std::string> errors;        ///< JSON-RPC errors of the server's own, raw
    std::set<std::string> odd_refusals;  ///< likewise, but what they mean only a probe can tell
    bool cancelled = false;
    bool told = false;
    bool told_not_executed = false;
  };

  explicit Ledger(Scene& scene) : scene_(scene) {}

  Entry& open(std::string key, std::string upstream);
  Entry& at(const std::string& key) { return entries_.at(key); }

  /// The number of this attempt.
  std::size_t sent(const std::string& key, const std::shared_ptr<Session>& session);
  void ended(const std::string& key, std::size_t attempt, Evidence evidence);
  void executed(const std::string& key);
  void told(const std::string& key, const upstream::CallResult& result);

 private:
  void check_repeat(const Entry& entry, const std::shared_ptr<Session>& session);
  void told_response(const Entry& entry, const protocol::Frame& response);
  void told_error(Entry& entry, const upstream::CallError& error);

  Scene& scene_;
  std::map<std::string, Entry> entries_;
};

}  // namespace mooring::simulation
