#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/client.hpp"
#include "load/histogram.hpp"
#include "load/options.hpp"
#include "load/process_watch.hpp"

namespace mooring::bench {

struct LoadReport {
  Histogram latency;  ///< of right answers, from the first byte out to the last byte in
  double seconds = 0;
  std::uint64_t as_json = 0, as_events = 0;
  std::uint64_t bytes = 0;   ///< of the bodies of right answers
  std::uint64_t errors = 0;  ///< wrong answers, broken connections, calls that took too long
  std::uint64_t reconnects = 0;
  std::string first_error;
  double own_cpu_seconds = 0;
  struct Watched {
    double cpu_seconds = 0;
    std::uint64_t rss_bytes = 0;
    std::uint64_t peak_rss_bytes = 0;
  };
  std::optional<Watched> watched;
};

/// The closed loop over all connections, in one thread.
class Load {
 public:
  explicit Load(const LoadOptions& options);

  /// An error: a connection could not be opened, or a handshake went wrong.
  Result<LoadReport> run();

 private:
  enum class Phase : std::uint8_t { handshake, warmup, measure, drain };

  Result<void> open_all();
  Result<void> open(Client& client);
  Result<void> attach(Client& client);
  Result<void> turn(int wait_ms);
  Result<void> serve(Client& client, std::uint32_t events);
  Result<void> answered(Client& client);
  Result<void> failed(Client& client, std::string what);
  void next(Client& client);
  bool send(Client& client);
  void poll_out(Client& client, bool on);
  Result<void> expire();
  void start_measuring();
  void stop_measuring();
  bool may_call() const { return phase_ == Phase::warmup || phase_ == Phase::measure; }

  const LoadOptions& options_;
  Fd epoll_;
  std::vector<Client> clients_;
  std::string buffer_;
  Phase phase_ = Phase::handshake;
  std::size_t ready_ = 0;    ///< clients that have shaken hands
  std::size_t waiting_ = 0;  ///< calls under way
  bool calling_ = false;     ///< the first calls went out
  std::uint64_t issued_ = 0, lost_in_a_row_ = 0;
  std::int64_t now_ = 0, measured_from_ = 0;
  ProcessUse own_before_;
  std::optional<ProcessUse> watched_before_;
  LoadReport report_;
};

}  // namespace mooring::bench
