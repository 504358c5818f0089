#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"

namespace mooring::server {

/// The id of an SSE event: which stream of which worker and boot, and its place there. A stream
/// that answers a request carries the request's id along, so that even after a restart its client
/// can be told the truth.
struct EventId {
  std::string boot;
  unsigned worker = 0;
  std::uint64_t stream = 0;
  std::string request_id;  ///< raw JSON; empty: the standalone stream
  std::uint64_t seq = 0;

  std::string text() const;  ///< "boot.worker.stream.request.seq", the request id in base64url
  static std::optional<EventId> parse(std::string_view text);
};

/// What was said on one SSE stream and may have to be said again (2025-11-25 transports,
/// "Resumability"). On its worker's thread.
class EventStream {
 public:
  EventStream(io::Worker& worker, EventId id, std::string session_key, std::size_t max_bytes);
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  const std::string& session_key() const { return session_key_; }
  bool standalone() const { return id_.request_id.empty(); }
  std::string priming(int retry_ms) const;  ///< an event with the current id and no data
  void append(std::string_view message);    ///< one JSON-RPC message
  void end();                               ///< nothing more will come
  bool ended() const { return ended_; }
  std::uint64_t last_seq() const { return last_; }
  std::size_t bytes() const { return bytes_; }
  std::string next_id(
  );  ///< takes the next place without keeping the event (its bytes flow through elsewhere)

  /// Wire bytes of what came after `seq`, about 256 KiB at most, and the place they lead to.
  struct Batch {
    std::string bytes;
    std::uint64_t last = 0;
    bool ended = false;
    bool superseded = false;  ///< another reader took over
  };
  Batch after(std::uint64_t seq) const;
  /// A new reader: former ones see `superseded`.
  std::uint64_t take_over();
  bool is_current(std::uint64_t reader) const { return reader == reader_; }
  io::Event& changed() { return changed_; }

  std::optional<core::TimePoint> forget_at;  ///< set while nobody reads
  std::function<void()> on_forgotten;        ///< runs when the stream is given up for good

 private:
  EventId id_;
  std::string session_key_;
  std::size_t max_bytes_;
  std::map<std::uint64_t, std::string> records_;  ///< wire bytes, by place
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t reader_ = 0;
  bool ended_ = false;
  io::Event changed_;
};

/// The streams of one worker, found by number.
class EventStreams {
 public:
  EventStreams(
      io::Worker& worker, std::string boot, std::size_t max_streams, std::size_t max_bytes,
      core::Duration retention
  );

  std::shared_ptr<EventStream> make(std::string session_key, std::string request_id);
  std::shared_ptr<EventStream> find(std::uint64_t number, const std::string& session_key) const;
  /// Nobody reads it now: kept for the retention time, then forgotten.
  void release(const std::shared_ptr<EventStream>& stream);
  /// Gone at once, with everything of this session.
  void drop_session(const std::string& session_key);
  void end_all();
  void end_standalone();
  const std::string& boot() const { return boot_; }
  std::size_t size() const { return streams_.size(); }

 private:
  void sweep();
  using Map = std::map<std::uint64_t, std::shared_ptr<EventStream>>;
  Map::iterator forget(Map::iterator at);

  io::Worker& worker_;
  std::string boot_;
  std::size_t max_streams_, max_bytes_;
  core::Duration retention_;
  std::uint64_t last_ = 0;
  std::uint64_t released_ = 0;
  core::TimePoint swept_{};
  Map streams_;
};

}  // namespace mooring::server
