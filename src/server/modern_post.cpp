#include "server/modern_post.hpp"

#include "protocol/json_scan.hpp"
#include "protocol/sse.hpp"
#include "server/answer_headers.hpp"
#include "server/modern_request.hpp"

namespace mooring::server {

ModernPost::ModernPost(
    io::Worker& worker, io::TaskGroup& tasks, io::HttpExchange& exchange, core::Duration keepalive
)
    : worker_(worker),
      tasks_(tasks),
      exchange_(&exchange),
      keepalive_(keepalive),
      unlocked_(worker.executor(), worker.timers()) {}

ModernPost::~ModernPost() { worker_.timers().cancel(timer_); }

void ModernPost::arm() {
  timer_ = worker_.timers().arm_after(keepalive_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->timer_ = 0;
    self->tasks_.spawn(self->tick());
  });
}

awaitable<void> ModernPost::tick() {
  const auto self = shared_from_this();
  co_await lock();
  if (!finished_ && writable()) {
    co_await start();
    if (writable()) co_await exchange_->write(": keep-alive\n\n");
  }
  unlock();
  if (!finished_ && writable()) arm();
}

/// With the lock held.
awaitable<void> ModernPost::start() {
  if (!std::exchange(streaming_, true)) co_await exchange_->begin_stream(200, sse_headers);
}

awaitable<void> ModernPost::lock() {
  while (std::exchange(writing_, true)) co_await unlocked_.wait();
}

void ModernPost::unlock() {
  writing_ = false;
  unlocked_.notify();
}

awaitable<void> ModernPost::send(std::string message) {
  const auto self = shared_from_this();
  co_await lock();
  if (!finished_ && writable()) {
    co_await start();
    if (writable()) co_await exchange_->write(protocol::encode_sse(message));
  }
  unlock();
}

awaitable<void> ModernPost::finish(std::string response) {
  const auto self = shared_from_this();
  co_await lock();
  if (!std::exchange(finished_, true) && writable()) {
    if (!streaming_) {
      co_await exchange_->respond(modern_status(response), json_headers, response);
    } else {
      co_await exchange_->write(protocol::encode_sse(response));
      if (writable()) co_await exchange_->end_stream();
    }
  }
  unlock();
}

awaitable<bool> ModernPost::finish_part(std::string_view bytes) {
  const auto self = shared_from_this();
  if (!in_parts_) {
    co_await lock();  // kept until finish_end: nothing may come between the parts
    in_parts_ = finished_ = true;
    if (!writable()) co_return false;
    if (streaming_) {
      co_await exchange_->write("data: ");
    } else {
      co_await exchange_->begin_stream(200, json_headers);
    }
  }
  if (!writable()) co_return false;
  co_return co_await exchange_->write(bytes);
}

awaitable<void> ModernPost::finish_end(bool ok) {
  const auto self = shared_from_this();
  if (!in_parts_) co_return;
  if (writable()) {
    if (ok && streaming_) co_await exchange_->write("\n\n");
    if (ok) {
      co_await exchange_->end_stream();
    } else {
      exchange_->close();
    }
  }
  unlock();
}

awaitable<void> ModernPost::close() {
  const auto self = shared_from_this();
  co_await lock();
  worker_.timers().cancel(timer_);
  exchange_ = nullptr;
  finished_ = true;
  unlock();
}

}  // namespace mooring::server
