#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/session.hpp"
#include "soak/journal.hpp"

namespace mooring::soak {

/// Asks the gateway about itself: what state its servers are in, and what it lists.
class Observer {
 public:
  Observer(std::string gateway, std::vector<std::string> servers, Journal& journal);

  /// `/api/v1/status`. Notes each change of a state; tells the journal of a missing answer.
  void look();
  /// The tools of all servers: once seen, none may go because its server is away.
  void look_at_tools();

  bool all_ready() const;
  bool waits_until_ready(std::chrono::seconds limit);
  /// "dropping ready, child_a recovering (killed by signal 9)…" of those that are not ready.
  std::string not_ready() const;
  /// Their names alone.
  std::string names_away() const;
  std::string table() const;

 private:
  struct Seen {
    std::string state;
    std::int64_t generation = 0, recoveries = 0, saved = 0, failed = 0, unknown = 0;
    std::string reason;
  };

  const std::string gateway_;
  const std::vector<std::string> servers_;
  Journal& journal_;
  integration::Client client_;
  std::map<std::string, Seen> seen_;
  std::set<std::string> tools_;
};

}  // namespace mooring::soak
