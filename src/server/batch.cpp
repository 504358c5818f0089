#include "server/batch.hpp"

#include <fmt/format.h>

#include "io/async.hpp"
#include "protocol/messages.hpp"

namespace mooring::server {

using protocol::Frame;
using protocol::FrameError;

namespace {

/// Collects the responses of a batch.
struct Collected {
  gateway::ResponderPtr responder;
  std::string array = "[";

  void add(std::string_view response) {
    if (array.size() > 1) array += ',';
    array += response;
  }
};

constexpr std::size_t max_element = std::size_t{16} << 20;  ///< of a result that flows in

class Element final : public gateway::Responder {
 public:
  Element(std::shared_ptr<Collected> all, std::string id)
      : all_(std::move(all)), id_(std::move(id)) {}

  awaitable<void> send(std::string message) override {
    co_await all_->responder->send(std::move(message));
  }
  awaitable<void> finish(std::string response) override {
    all_->add(response);
    co_return;
  }
  awaitable<bool> finish_part(std::string_view bytes) override {
    if (parts_.size() + bytes.size() > max_element) co_return false;
    parts_ += bytes;
    co_return true;
  }
  awaitable<void> finish_end(bool ok) override {
    all_->add(ok ? parts_ : gateway::broken_result(id_));
    co_return;
  }

 private:
  std::shared_ptr<Collected> all_;
  std::string id_, parts_;
};

}  // namespace

std::expected<std::vector<Frame>, FrameError> read_batch(std::string body, std::size_t json_depth) {
  const protocol::JsonLimits limits{.max_depth = json_depth};
  auto raw = protocol::split_batch(body, limits);
  if (!raw) return std::unexpected(raw.error());
  if (raw->size() > max_batch) {
    return std::unexpected(FrameError{
        protocol::invalid_request, fmt::format("a batch holds at most {} messages", max_batch), {}
    });
  }
  std::vector<Frame> messages;
  for (auto& bytes : *raw) {
    auto frame = Frame::parse(std::move(bytes), limits);
    if (!frame) return std::unexpected(frame.error());
    if (frame->method() == "initialize") {
      return std::unexpected(
          FrameError{protocol::invalid_request, "initialize cannot be part of a batch", {}}
      );
    }
    messages.push_back(std::move(*frame));
  }
  return messages;
}

awaitable<void> serve_batch(
    io::Worker& worker, gateway::Service& service, gateway::ClientSessionPtr session,
    std::vector<Frame> requests, gateway::ResponderPtr responder
) {
  const auto all = std::make_shared<Collected>(Collected{responder});
  io::TaskGroup running(worker.executor());
  for (auto& request : requests) {
    const auto element = std::make_shared<Element>(all, std::string(request.id()));
    running.spawn(service.request(session, std::move(request), element));
  }
  co_await running.join();
  co_await responder->finish(all->array + "]");
}

}  // namespace mooring::server
