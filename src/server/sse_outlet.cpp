#include "server/sse_outlet.hpp"

#include "protocol/sse.hpp"
#include "server/answer_headers.hpp"

namespace mooring::server {

namespace {

constexpr std::size_t batch_bytes = std::size_t{64} << 10;  ///< small messages share a write

/// The specification of this transport names the event, and not every client knows the default.
std::string encode(std::string_view message) {
  return "event: message\n" + protocol::encode_sse(message);
}

}  // namespace

SseOutlet::SseOutlet(io::Worker& worker, std::size_t max_bytes)
    : worker_(worker),
      max_bytes_(max_bytes),
      changed_(worker.executor(), worker.timers()),
      room_(worker.executor(), worker.timers()) {}

awaitable<void> SseOutlet::run(
    io::HttpExchange& exchange, std::string first, core::Duration comment_after
) {
  const auto self = shared_from_this();
  exchange_ = &exchange;
  exchange.on_peer_gone([weak = weak_from_this()] {
    if (const auto outlet = weak.lock()) outlet->close();
  });
  bool open = co_await exchange.begin_stream(200, sse_headers);
  if (open) open = co_await exchange.write(first);
  while (open && !closed_) {
    if (!queue_.empty()) {
      open = co_await write_next();
    } else if (ending_) {
      break;
    } else if (!co_await changed_.wait(worker_.timers().now() + comment_after) && !closed_) {
      open = co_await exchange.write(": keep-alive\n\n");
    }
  }
  if (open && !closed_) co_await exchange.end_stream();
  exchange_ = nullptr;
  close();
}

awaitable<bool> SseOutlet::write_next() {
  std::string bytes;
  std::size_t said = 0, told = 0;
  do {
    auto& next = queue_.front();
    (next.told ? told : said) += next.bytes.size();
    if (bytes.empty()) {
      bytes = std::move(next.bytes);
    } else {
      bytes += next.bytes;
    }
    queue_.pop_front();
  } while (!queue_.empty() && bytes.size() + queue_.front().bytes.size() <= batch_bytes);
  const bool open = co_await exchange_->write(bytes);
  said_ -= said;
  told_ -= told;
  room_.notify();
  co_return open;
}

awaitable<void> SseOutlet::say(std::string_view message) {
  const auto self = shared_from_this();
  const auto turn = last_turn_++;
  while (is_open() && !hurried_ && (turn != turn_ || !fits(said_, message.size()))) {
    co_await room_.wait();
  }
  ++turn_;
  if (is_open()) push(encode(message), false);
  room_.notify();
}

bool SseOutlet::tell(std::string_view message) {
  if (!is_open()) return true;
  if (!fits(told_, message.size())) {
    cut();
    return false;
  }
  push(encode(message), true);
  return true;
}

void SseOutlet::push(std::string wire, bool told) {
  (told ? told_ : said_) += wire.size();
  queue_.push_back({std::move(wire), told});
  changed_.notify();
}

void SseOutlet::hurry() {
  hurried_ = true;
  room_.notify();
}

void SseOutlet::end() {
  ending_ = true;
  changed_.notify();
  room_.notify();
}

void SseOutlet::cut() {
  close();
  if (exchange_ != nullptr) exchange_->close();
}

void SseOutlet::close() {
  closed_ = true;
  queue_.clear();
  changed_.notify();
  room_.notify();
}

}  // namespace mooring::server
