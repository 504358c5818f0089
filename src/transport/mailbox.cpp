#include "transport/mailbox.hpp"

#include <utility>

namespace mooring::transport {

bool Mailbox::put(protocol::Frame message) {
  const auto size = message.bytes().size();
  if (unread_bytes_.load(std::memory_order_relaxed) > max_bytes_) return false;
  unread_bytes_.fetch_add(size, std::memory_order_relaxed);
  push(Message{std::move(message)});
  return true;
}

void Mailbox::answer(protocol::Frame response) { push(Response{std::move(response)}); }

void Mailbox::fail(recovery::Failure failure) { push(std::move(failure)); }

void Mailbox::push(Item item) {
  asio::post(consumer_, [self = shared_from_this(), item = std::move(item)]() mutable {
    self->items_.push_back(std::move(item));
    self->resume();
  });
}

void Mailbox::interrupt() {
  interrupted_ = true;
  // Posted: whoever aborts must not find itself inside the consumer.
  asio::post(consumer_, [self = shared_from_this()] { self->resume(); });
}

void Mailbox::resume() {
  if (!waiter_) return;
  auto handler = std::move(*waiter_);
  waiter_.reset();
  std::move(handler)();
}

awaitable<Mailbox::Item> Mailbox::next() {
  while (!interrupted_ && items_.empty()) {
    auto keep = [this](Handler handler) { waiter_.emplace(std::move(handler)); };
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        keep, asio::use_awaitable
    );
  }
  if (interrupted_) co_return Interrupted{};
  auto item = std::move(items_.front());
  items_.pop_front();
  if (const auto* message = std::get_if<Message>(&item)) {
    unread_bytes_.fetch_sub(message->frame.bytes().size(), std::memory_order_relaxed);
  }
  co_return item;
}

}  // namespace mooring::transport
