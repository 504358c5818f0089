#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <variant>

#include "io/asio.hpp"
#include "protocol/frame.hpp"
#include "recovery/failure.hpp"

namespace mooring::transport {

/// Where one call (or listener) of a stdio channel gets what the process says for it. One producer
/// thread, and one consumer on the executor it was made with; the order is kept. Shared by both
/// sides.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  struct Message {
    protocol::Frame frame;
  };
  struct Response {
    protocol::Frame frame;
  };
  struct Interrupted {};
  using Item = std::variant<Message, Response, recovery::Failure, Interrupted>;

  /// Messages are refused while more than `max_bytes` of them lie unread.
  Mailbox(asio::any_io_executor consumer, std::size_t max_bytes)
      : consumer_(std::move(consumer)), max_bytes_(max_bytes) {}

  // Producer:
  bool put(protocol::Frame message);  ///< false: the box is full and the message dropped
  void answer(protocol::Frame response);
  void fail(recovery::Failure failure);

  // Consumer:
  /// The next item. Interrupted comes before what is still queued.
  awaitable<Item> next();
  void interrupt();

 private:
  using Handler = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;

  void push(Item item);
  void resume();

  asio::any_io_executor consumer_;
  std::size_t max_bytes_;
  std::atomic<std::size_t> unread_bytes_ = 0;
  // On the consumer's thread alone:
  std::deque<Item> items_;
  bool interrupted_ = false;
  std::optional<Handler> waiter_;
};

}  // namespace mooring::transport
