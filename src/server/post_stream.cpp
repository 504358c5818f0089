#include "server/post_stream.hpp"

#include "protocol/json_scan.hpp"
#include "server/answer_headers.hpp"

namespace mooring::server {

PostStream::PostStream(
    io::Worker& worker, const HttpDoorOptions& options, EventStreams& streams, io::TaskGroup& tasks,
    io::HttpExchange& exchange, gateway::ClientSessionPtr session, std::string request_id
)
    : worker_(worker),
      options_(options),
      streams_(streams),
      tasks_(tasks),
      exchange_(&exchange),
      session_(std::move(session)),
      request_id_(std::move(request_id)) {}

PostStream::~PostStream() { worker_.timers().cancel(timer_); }

void PostStream::begin(bool accepts_stream) {
  accepts_stream_ = accepts_stream && !options_.json_only;
  if (!accepts_stream_) return;
  arm(options_.always_stream ? options_.keepalive_comment : options_.stream_after);
}

awaitable<void> PostStream::open() {
  if (!accepts_stream_) co_return;
  if (!try_lock()) co_await lock();
  co_await start();
  unlock();
}

void PostStream::arm(core::Duration delay) {
  // Ends with this stream, which keeps itself for the tick.
  timer_ = worker_.timers().arm_after(delay, [this] {
    timer_ = 0;
    tasks_.spawn(tick(shared_from_this()));
  });
}

awaitable<void> PostStream::tick(std::shared_ptr<PostStream>) {
  if (finished_ || !writable()) co_return;
  if (!try_lock()) co_await lock();
  if (!finished_ && writable()) {
    if (!stream_) {
      co_await start();
    } else {
      co_await exchange_->write(": keep-alive\n\n");
    }
  }
  unlock();
  if (!finished_ && writable()) arm(options_.keepalive_comment);
}

/// With the lock held.
awaitable<void> PostStream::start() {
  if (stream_) co_return;
  stream_ = streams_.make(session_->key, request_id_);
  if (!writable()) co_return;
  std::string first;
  if (session_->version >= protocol::Version::v2025_11_25)
    first = stream_->priming(options_.retry_ms);
  if (!co_await exchange_->begin_stream(200, sse_headers)) co_return;
  if (!first.empty()) co_await exchange_->write(first);
}

/// With the lock held: writes what the client does not have yet.
awaitable<void> PostStream::flush() {
  while (writable()) {
    const auto batch = stream_->after(written_);
    if (batch.bytes.empty()) co_return;
    written_ = batch.last;
    if (!co_await exchange_->write(batch.bytes)) co_return;
  }
}

awaitable<void> PostStream::lock() {
  if (!unlocked_) unlocked_.emplace(worker_.executor(), worker_.timers());
  while (!try_lock()) co_await unlocked_->wait();
}

void PostStream::unlock() {
  writing_ = false;
  if (unlocked_) unlocked_->notify();
}

awaitable<void> PostStream::send(std::string message) {
  const auto self = shared_from_this();
  if (finished_ || !accepts_stream_) co_return;
  if (!try_lock()) co_await lock();
  if (!finished_) {
    if (!stream_) co_await start();
    stream_->append(message);
    co_await flush();
  }
  unlock();
}

awaitable<void> PostStream::finish(std::string response) {
  const auto self = shared_from_this();
  if (finished_) co_return;
  if (!try_lock()) co_await lock();
  finished_ = true;
  worker_.timers().cancel(timer_);
  if (!stream_) {
    if (writable()) co_await exchange_->respond(200, json_headers, response);
  } else {
    stream_->append(response);
    stream_->end();
    co_await flush();
    if (writable()) co_await exchange_->end_stream();
    streams_.release(stream_);
  }
  unlock();
}

awaitable<bool> PostStream::finish_part(std::string_view bytes) {
  const auto self = shared_from_this();
  if (!in_parts_) {
    if (!try_lock()) co_await lock();  // kept until finish_end: nothing may come between the parts
    in_parts_ = finished_ = true;
    worker_.timers().cancel(timer_);
    if (stream_) {
      co_await flush();
      // For a client that is away the result is kept, as far as there is room.
      keeps_parts_ = !writable();
      if (!keeps_parts_) co_await exchange_->write("id: " + stream_->next_id() + "\ndata: ");
    } else if (writable()) {
      co_await exchange_->begin_stream(200, json_headers);
    }
  }
  if (keeps_parts_) {
    if (parts_.size() + bytes.size() > options_.event_bytes) co_return false;
    parts_ += bytes;
    co_return true;
  }
  if (!writable()) co_return false;
  co_return co_await exchange_->write(bytes);
}

awaitable<void> PostStream::finish_end(bool ok) {
  const auto self = shared_from_this();
  if (!in_parts_) co_return;
  const bool complete = ok && (keeps_parts_ || writable());
  if (stream_) {
    if (keeps_parts_ || !complete) {
      // What was cut on the wire is made good for by the event after it.
      stream_->append(complete ? parts_ : gateway::broken_result(request_id_));
    }
    if (!keeps_parts_ && complete) {
      co_await exchange_->write("\n\n");
      co_await exchange_->end_stream();
    } else if (exchange_ != nullptr) {
      exchange_->close();
    }
    stream_->end();
    streams_.release(stream_);
  } else if (complete) {
    co_await exchange_->end_stream();
  }
  unlock();
}

void PostStream::disconnect() {
  if (finished_ || !accepts_stream_) return;
  tasks_.spawn(detach());
}

awaitable<void> PostStream::detach() {
  const auto self = shared_from_this();
  if (!try_lock()) co_await lock();
  if (!stream_ && !finished_) co_await start();
  if (!finished_ && writable()) {
    co_await flush();
    co_await exchange_->end_stream();
    // The exchange stays until the request is done; its connection must not be taken for the next
    // request meanwhile.
    exchange_->close();
  }
  detached_ = true;
  unlock();
}

awaitable<void> PostStream::close() {
  const auto self = shared_from_this();
  while (!close_now()) {
    co_await lock();
    unlock();
  }
}

bool PostStream::close_now() {
  if (!try_lock()) return false;
  worker_.timers().cancel(timer_);
  if (stream_ && !finished_) {
    stream_->end();
    streams_.release(stream_);
  }
  exchange_ = nullptr;
  finished_ = true;
  unlock();
  return true;
}

}  // namespace mooring::server
