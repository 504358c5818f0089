#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mooring/result.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mooring::store {

/// What changes in a downstream session while its sealed id cannot: that it was ended, its log
/// levels, its subscriptions. So a restarted gateway goes on where it was. Safe from any thread;
/// writes are queued and never waited for. A disk that fails costs a log line, not a session.
class SessionStore {
 public:
  using Time = std::chrono::system_clock::time_point;

  /// The state of one session, by its key.
  struct Kept {
    std::string token;                  ///< the Mcp-Session-Id it was kept under
    std::map<std::string, int> levels;  ///< server → severity
    std::set<std::pair<std::string, std::string>> subscriptions;  ///< (server, uri)
  };
  struct Loaded {
    std::vector<std::pair<std::string, Time>> revoked;  ///< key, until
    std::map<std::string, Kept> sessions;
  };

  static Result<std::unique_ptr<SessionStore>> open(const std::filesystem::path& file);
  virtual ~SessionStore() = default;  ///< writes what is queued

  /// Everything that has not expired by `now`; forgets the rest.
  virtual Loaded load(Time now) = 0;
  /// Forgets what has expired by `now`.
  virtual void purge(Time now) = 0;
  virtual void revoke(std::string key, Time until) = 0;
  virtual void level(
      std::string key, std::string token, std::string server, int severity, Time until
  ) = 0;
  virtual void subscribe(
      std::string key, std::string token, std::string server, std::string uri, Time until
  ) = 0;
  virtual void unsubscribe(std::string key, std::string server, std::string uri) = 0;
};

}  // namespace mooring::store
