#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/session.hpp"
#include "soak/claims.hpp"
#include "soak/dice.hpp"
#include "soak/journal.hpp"
#include "soak/stalls.hpp"
#include "soak/stop_flag.hpp"

namespace mooring::soak {

/// The deadlines that Upstreams::config() sets.
inline constexpr std::chrono::seconds timeout{6}, timeout_max{10};

/// What has come of the calls so far.
struct Tally {
  std::map<std::string, std::size_t> outcomes;
  double slowest = 0;  ///< seconds
  std::size_t calls() const;
};

/// Clients of the gateway, each a thread: tools that count and tools that do not, through /mcp and
/// /mcp/SERVER; some calls report progress, some are cancelled, some are left, some are large.
class Load {
 public:
  Load(
      std::string gateway, std::vector<std::string> servers, Claims& claims, Journal& journal,
      std::uint64_t seed
  );
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// From now on all servers are well: a call that fails is a violation.
  void expect_success() { all_well_ = true; }
  Tally tally() const;

 private:
  struct Call;

  void run(std::size_t number, Dice dice);
  /// Some calls on new sessions.
  void round(integration::Client& client, const std::string& prefix, Dice& dice);
  Call draw(const std::string& prefix, const std::string& server, bool aggregated, Dice& dice);
  void make(integration::Session& session, const Call& call, Dice& dice);
  void judge(
      const Call& call, integration::Exchange& exchange, const integration::json::value& answer
  );
  void judge_time(const Call& call);
  void judge_result(const Call& call, const integration::json::value& answer, std::size_t progress);
  void judge_error(const Call& call, const integration::json::value& answer);
  void count(const std::string& outcome, double seconds);

  const std::string gateway_;
  const std::vector<std::string> servers_;
  Claims& claims_;
  Journal& journal_;
  Stalls stalls_;
  StopFlag stop_;
  std::atomic<bool> all_well_ = false;
  mutable std::mutex mutex_;
  Tally tally_;
  std::vector<std::unique_ptr<integration::Client>> clients_;
  std::vector<std::thread> threads_;
};

}  // namespace mooring::soak
