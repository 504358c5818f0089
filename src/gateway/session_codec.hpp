#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/seal.hpp"
#include "gateway/front.hpp"

namespace mooring::gateway {

/// Session keys that were ended by DELETE. Shared by all workers; a session stays in it until its
/// token would have expired anyway.
class Revocations {
 public:
  using Time = std::chrono::system_clock::time_point;

  void add(const std::string& key, Time until);
  bool contains(const std::string& key) const;
  /// Forgets what has expired by `now`.
  void purge(Time now);

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Time> keys_;
  std::atomic<bool> any_ = false;  ///< spares the lock while nothing was ever revoked
};

/// Makes and reads the `Mcp-Session-Id` of a legacy client: everything needed to go on, sealed
/// (AES-256-GCM), so that any worker, a restarted process or another replica with the same key
/// serves it. Stateless; safe from any thread.
class SessionCodec {
 public:
  using Time = std::chrono::system_clock::time_point;

  SessionCodec(std::array<std::uint8_t, 32> key, std::chrono::seconds ttl)
      : sealer_(key), ttl_(ttl) {}

  /// The token for a session whose `id` is not set yet.
  std::string seal(const ClientSession& session, Time now) const;
  struct Opened {
    ClientSession session;
    Time expires;
  };
  /// Nothing: not ours, tampered with, or expired.
  std::optional<Opened> open(std::string_view token, Time now) const;

 private:
  core::Sealer sealer_;
  std::chrono::seconds ttl_;
};

}  // namespace mooring::gateway
