#include "server/event_stream.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "core/base64.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/sse.hpp"

namespace mooring::server {

namespace {
constexpr std::size_t batch_bytes = std::size_t{256} << 10;
constexpr std::size_t kept_bytes = std::size_t{64} << 20;  ///< per worker, of streams nobody reads
constexpr std::size_t max_request_id = 128;

bool number(std::string_view text, auto& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool can_be_request_id(std::string_view raw) {
  const bool text = raw.front() == '"' && raw.back() == '"';
  const bool numeric = raw.find_first_not_of("-+.0123456789eE") == std::string_view::npos;
  return (text || numeric) && !protocol::validate(raw);
}
}  // namespace

std::string EventId::text() const {
  return fmt::format(
      "{}.{}.{}.{}.{}", boot, worker, stream, core::base64url_encode(request_id), seq
  );
}

std::optional<EventId> EventId::parse(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  if (parts.size() != 5) return std::nullopt;
  EventId id;
  id.boot = parts[0];
  if (!number(parts[1], id.worker) || !number(parts[2], id.stream) || !number(parts[4], id.seq))
    return std::nullopt;
  const auto request = core::base64url_decode(parts[3]);
  // It goes back into JSON: only what can be an id token may pass.
  if (!request || request->size() > max_request_id) return std::nullopt;
  if (!request->empty() && !can_be_request_id(*request)) return std::nullopt;
  id.request_id = *request;
  return id;
}

EventStream::EventStream(
    io::Worker& worker, EventId id, std::string session_key, std::size_t max_bytes
)
    : id_(std::move(id)),
      session_key_(std::move(session_key)),
      max_bytes_(max_bytes),
      changed_(worker.executor(), worker.timers()) {}

std::string EventStream::priming(int retry_ms) const {
  auto id = id_;
  id.seq = last_;
  return protocol::encode_sse_priming(id.text(), retry_ms);
}

std::string EventStream::next_id() {
  auto id = id_;
  id.seq = ++last_;
  return id.text();
}

void EventStream::append(std::string_view message) {
  if (ended_) return;
  const auto id = next_id();
  const auto added =
      records_.emplace_hint(records_.end(), last_, protocol::encode_sse(message, id));
  bytes_ += added->second.size();
  while (bytes_ > max_bytes_ && records_.size() > 1) {
    bytes_ -= records_.begin()->second.size();
    records_.erase(records_.begin());
  }
  changed_.notify();
}

void EventStream::end() {
  ended_ = true;
  changed_.notify();
}

EventStream::Batch EventStream::after(std::uint64_t seq) const {
  Batch batch;
  batch.last = seq;
  auto at = records_.upper_bound(seq);
  for (; at != records_.end() && batch.bytes.size() < batch_bytes; ++at) {
    batch.bytes += at->second;
    batch.last = at->first;
  }
  batch.ended = ended_ && at == records_.end();
  return batch;
}

std::uint64_t EventStream::take_over() {
  ++reader_;
  forget_at.reset();
  changed_.notify();
  return reader_;
}

EventStreams::EventStreams(
    io::Worker& worker, std::string boot, std::size_t max_streams, std::size_t max_bytes,
    core::Duration retention
)
    : worker_(worker),
      boot_(std::move(boot)),
      max_streams_(max_streams),
      max_bytes_(max_bytes),
      retention_(retention) {}

std::shared_ptr<EventStream> EventStreams::make(std::string session_key, std::string request_id) {
  sweep();
  EventId id{boot_, worker_.index(), ++last_, std::move(request_id), 0};
  if (id.request_id.size() > max_request_id) id.request_id.clear();
  auto stream =
      std::make_shared<EventStream>(worker_, std::move(id), std::move(session_key), max_bytes_);
  streams_.emplace(last_, stream);
  return stream;
}

std::shared_ptr<EventStream> EventStreams::find(
    std::uint64_t number, const std::string& session_key
) const {
  const auto found = streams_.find(number);
  if (found == streams_.end() || found->second->session_key() != session_key) return nullptr;
  return found->second;
}

void EventStreams::release(const std::shared_ptr<EventStream>& stream) {
  stream->forget_at = worker_.timers().now() + retention_;
  // All that nobody reads together has a budget; the oldest goes first. Looked at now and then: a
  // look costs a walk.
  if (++released_ % 64 != 0) return;
  std::size_t kept = 0;
  for (const auto& [number, each] : streams_) kept += each->forget_at ? each->bytes() : 0;
  for (auto at = streams_.begin(); kept > kept_bytes && at != streams_.end();) {
    if (!at->second->forget_at) {
      ++at;
      continue;
    }
    kept -= at->second->bytes();
    at = forget(at);
  }
}

void EventStreams::drop_session(const std::string& session_key) {
  for (auto at = streams_.begin(); at != streams_.end();) {
    at = at->second->session_key() == session_key ? forget(at) : std::next(at);
  }
}

void EventStreams::end_all() {
  for (const auto& [number, stream] : streams_) stream->end();
}

void EventStreams::end_standalone() {
  for (const auto& [number, stream] : streams_) {
    if (stream->standalone()) stream->end();
  }
}

EventStreams::Map::iterator EventStreams::forget(Map::iterator at) {
  const auto stream = at->second;
  stream->end();
  const auto next = streams_.erase(at);
  if (stream->on_forgotten) stream->on_forgotten();
  return next;
}

void EventStreams::sweep() {
  const auto now = worker_.timers().now();
  if (now < swept_ + std::chrono::seconds(1) && streams_.size() < max_streams_) return;
  swept_ = now;
  for (auto at = streams_.begin(); at != streams_.end();) {
    const auto& due = at->second->forget_at;
    at = due && *due <= now ? forget(at) : std::next(at);
  }
  // Over the limit the oldest that nobody reads go first.
  for (auto at = streams_.begin(); streams_.size() >= max_streams_ && at != streams_.end();) {
    at = at->second->forget_at ? forget(at) : std::next(at);
  }
}

}  // namespace mooring::server
