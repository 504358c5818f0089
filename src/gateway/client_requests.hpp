#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "protocol/frame.hpp"

namespace mooring::gateway {

/// Requests of ours (relayed from an upstream) that wait for a client's response. The id names boot
/// and worker, so that a response that arrives elsewhere finds its way home. One per worker.
class ClientRequests {
 public:
  ClientRequests(io::Worker& worker, std::string boot);

  /// A fresh id, as raw JSON string.
  std::string next_id();
  struct Waiting;
  /// Before the request is sent: from now on a response to `id` (raw) is kept. `session` is the
  /// only one whose response counts.
  std::shared_ptr<Waiting> expect(std::string id, std::string session);
  /// Waits for it. Empty: `until` passed or `abort` fired; a later response is ignored.
  awaitable<std::optional<protocol::Frame>> wait(
      std::shared_ptr<Waiting> waiting, core::TimePoint until, io::AbortSource* abort
  );
  /// False: nobody waits for it (late, unknown, or from the wrong session).
  bool complete(const std::string& session, protocol::Frame response);
  /// Which worker an id of this boot belongs to; nothing for all others.
  std::optional<unsigned> home_of(std::string_view raw_id) const;

 private:
  io::Worker& worker_;
  std::string prefix_;  ///< "m-BOOT-"
  std::uint64_t last_ = 0;
  std::map<std::string, std::shared_ptr<Waiting>, std::less<>> waiting_;
};

}  // namespace mooring::gateway
