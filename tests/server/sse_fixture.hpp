#pragma once

#include <array>

#include "door.hpp"
#include "server/sse_door.hpp"

namespace mooring::server {

using Messages = std::vector<std::string>;

/// Doors of two workers, turned by one thread, with one service and clocks that stand still.
class SseDoorTest : public DoorTest {
 protected:
  void TearDown() override {
    stop();
    EXPECT_TRUE(stopped_) << "a request or a stream is still in hand";
    EXPECT_EQ(requests_in_flight(), 0u);
  }

  SseDoor& sse_door(unsigned index = 0) {
    if (!sse_doors_[0]) {
      sse_doors_[0] = std::make_unique<SseDoor>(worker_, service_, sse_options_);
      sse_doors_[1] = std::make_unique<SseDoor>(other_worker_, service_, sse_options_);
      for (const auto& each : sse_doors_)
        each->set_peers({sse_doors_[0].get(), sse_doors_[1].get()});
    }
    return *sse_doors_[index];
  }
  std::size_t requests_in_flight() {
    return sse_door(0).requests_in_flight() + sse_door(1).requests_in_flight();
  }
  /// Both workers, until neither has anything to do.
  void settle() {
    for (std::size_t done = 1; done > 0;) {
      done = 0;
      for (auto* worker : {&worker_, &other_worker_}) {
        worker->context().restart();
        done += worker->context().poll();
      }
    }
  }
  void pass(core::Duration by) {
    settle();
    advance(by);
    settle();
  }
  void stop() {
    if (std::exchange(stopping_, true)) return settle();
    auto task = [](SseDoor& first, SseDoor& second, bool& done) -> awaitable<void> {
      co_await first.stop();
      co_await second.stop();
      done = true;
    };
    // The doors have no word for each other's threads here: there is but one.
    asio::co_spawn(worker_.executor(), task(sse_door(0), sse_door(1), stopped_), rethrow);
    settle();
  }

  ExchangePtr spawn(ExchangePtr exchange, awaitable<void> handling, unsigned worker = 0) {
    asio::co_spawn(
        (worker == 0 ? worker_ : other_worker_).executor(), std::move(handling),
        [exchange](const std::exception_ptr& error) {
          exchange->returned = true;
          EXPECT_FALSE(error);
        }
    );
    settle();
    return exchange;
  }
  ExchangePtr get(
      std::string endpoint = {}, std::string principal = {}, std::string method = "GET",
      Headers headers = {{"Accept", "text/event-stream"}}
  ) {
    auto exchange =
        std::make_shared<FakeExchange>(std::move(method), std::move(headers), std::string());
    return spawn(exchange, sse_door().stream(*exchange, std::move(endpoint), std::move(principal)));
  }
  /// To the session of a query; on either worker.
  ExchangePtr post_to(
      std::string query, std::string body, unsigned worker = 0, std::string principal = {},
      Headers headers = {{"Content-Type", "application/json"}}, std::string method = "POST"
  ) {
    auto exchange =
        std::make_shared<FakeExchange>(std::move(method), std::move(headers), std::move(body));
    exchange->query_string = std::move(query);
    return spawn(exchange, sse_door(worker).message(*exchange, std::move(principal)), worker);
  }
  /// To the session of this stream, and accepted.
  void say(const ExchangePtr& stream, std::string body) {
    const auto posted = post_to(query_of(*stream), std::move(body));
    EXPECT_EQ(posted->status, 202) << posted->answer;
    EXPECT_EQ(posted->answer, "Accepted");
  }
  ExchangePtr open(std::string endpoint = {}, std::string principal = {}) {
    auto stream = get(std::move(endpoint), principal);
    const auto posted = post_to(query_of(*stream), initialize(), 0, std::move(principal));
    EXPECT_EQ(posted->status, 202) << posted->answer;
    EXPECT_EQ(said(*stream), Messages{opened()});
    return stream;
  }

  /// The request with this raw id is answered when the test says so; the others at once.
  std::shared_ptr<Held> hold(const std::string& id) {
    const auto held = held_[id] = std::make_shared<Held>(worker_);
    service_.handler = [this](
                           gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                       ) { return answer_held(std::string(request.id()), std::move(responder)); };
    return held;
  }
  awaitable<void> answer_held(std::string id, gateway::ResponderPtr responder) {
    const auto found = held_.find(id);
    if (found == held_.end()) co_return co_await responder->finish(result(id));
    const auto held = found->second;
    co_await held->go.wait();
    co_await responder->finish(protocol::make_result(id, held->result));
  }

  /// What the stream named to post to, without the path.
  static std::string query_of(const FakeExchange& stream) {
    const auto events = stream.events();
    if (events.empty() || events[0].event != "endpoint") return "no endpoint was named";
    return events[0].data.substr(events[0].data.find('?') + 1);
  }
  /// The messages on a stream, past the endpoint.
  static Messages said(const FakeExchange& stream) {
    auto all = stream.messages();
    if (!all.empty()) all.erase(all.begin());
    return all;
  }
  static std::string initialize() { return protocol::make_request("0", "initialize", "{}"); }
  static std::string opened() { return protocol::make_result("0", R"({"opened":true})"); }
  static std::string result(std::string_view id) { return protocol::make_result(id, "{}"); }
  static std::string cancelled(std::string_view id) {
    return protocol::make_notification(
        "notifications/cancelled",
        fmt::format(R"({{"requestId":{},"reason":"the event stream has ended"}})", id)
    );
  }
  /// A note of about so many bytes.
  static std::string long_note(std::size_t size) { return note(std::string(size, 'x')); }
  static void rethrow(const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  }

  io::Worker other_worker_{1, std::make_unique<core::ManualTimers>()};
  SseDoorOptions sse_options_;
  std::array<std::unique_ptr<SseDoor>, 2> sse_doors_;
  std::map<std::string, std::shared_ptr<Held>> held_;
  bool stopping_ = false, stopped_ = false;
};

}  // namespace mooring::server
