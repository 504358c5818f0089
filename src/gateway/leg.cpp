#include "gateway/leg.hpp"

#include "protocol/frame.hpp"

namespace mooring::gateway {

namespace {
constexpr std::size_t most_unread = std::size_t{4} << 20;  ///< bytes of notifications

std::string with_id(std::string response, std::string_view id) {
  const auto frame = protocol::Frame::parse(std::move(response));
  return frame ? frame->spliced({{frame->id_span(), id}}) : broken_result(id);
}
}  // namespace

Leg::Leg(io::Worker& worker, std::string id)
    : worker_(worker), id_(std::move(id)), arrived_(worker.executor(), worker.timers()) {}

void Leg::put(std::string message) {
  worker_.post([self = shared_from_this(), message = std::move(message)]() mutable {
    // A client that does not read misses what it was told meanwhile, never the response.
    if (self->response_ || self->waiting_bytes_ > most_unread) return;
    self->waiting_bytes_ += message.size();
    self->waiting_.push_back(std::move(message));
    self->arrived_.notify();
  });
}

void Leg::end(std::string response) {
  worker_.post([self = shared_from_this(), response = std::move(response)]() mutable {
    if (!self->response_) self->response_ = with_id(std::move(response), self->id_);
    self->arrived_.notify();
  });
}

awaitable<bool> Leg::deliver(Responder& to, io::AbortSource& abort) {
  const auto self = shared_from_this();
  while (!abort.aborted()) {
    if (!waiting_.empty()) {
      auto message = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= message.size();
      co_await to.send(std::move(message));
    } else if (response_) {
      co_await to.finish(std::move(*response_));
      co_return true;
    } else {
      co_await arrived_.wait(std::nullopt, &abort);
    }
  }
  co_return false;
}

}  // namespace mooring::gateway
