#include "gateway/leg.hpp"

#include "gateway/log_level.hpp"

namespace mooring::gateway {

namespace {
constexpr std::size_t most_unread = std::size_t{4} << 20;  ///< bytes of notifications

std::string with_id(std::string response, std::string_view id) {
  const auto frame = protocol::Frame::parse(std::move(response));
  return frame ? frame->spliced({{frame->id_span(), id}}) : broken_result(id);
}
}  // namespace

Leg::Leg(io::Worker& worker, const protocol::Frame& request, std::string log_level)
    : worker_(worker),
      id_(request.id()),
      progress_token_(request.progress_token()),
      log_level_(std::move(log_level)),
      arrived_(worker.executor(), worker.timers()) {}

void Leg::put(const protocol::Frame& notification) {
  const auto& method = notification.method();
  if (method == "notifications/progress") {
    if (progress_token_.empty()) return;
    return put_bytes(notification.spliced({{notification.progress_token_span(), progress_token_}}));
  }
  const bool log = method == "notifications/message";
  if (!log || is_wanted(log_level_, notification)) put_bytes(notification.bytes());
}

void Leg::put_bytes(std::string message) {
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
