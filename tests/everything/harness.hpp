#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/manual_timers.hpp"
#include "core/random.hpp"
#include "everything/everything_service.hpp"
#include "io/asio.hpp"

namespace mooring::everything {

/// Keeps what a door would have sent.
class FakeResponder final : public gateway::Responder {
 public:
  awaitable<void> send(std::string message) override {
    sent.push_back(std::move(message));
    co_return;
  }
  awaitable<void> finish(std::string answer) override {
    ++finished;
    response = std::move(answer);
    co_return;
  }
  awaitable<bool> finish_part(std::string_view bytes) override {
    response += bytes;
    co_return true;
  }
  awaitable<void> finish_end(bool) override {
    ++finished;
    co_return;
  }
  void disconnect() override { disconnected = true; }

  boost::json::value json() const { return boost::json::parse(response); }
  boost::json::value sent_json(std::size_t at) const { return boost::json::parse(sent.at(at)); }

  std::vector<std::string> sent;
  std::string response;
  int finished = 0;
  bool disconnected = false;
};

/// A service in one thread with a clock that stands still.
class EverythingTest : public testing::Test {
 protected:
  void start(Options options = {}) {
    world = std::make_unique<World>(context.get_executor(), timers, random, std::move(options));
    world->crash = [this] { ++crashes; };
    service = std::make_unique<EverythingService>(*world);
  }
  void TearDown() override {
    if (service) service->shut_down();
    settle();
    service.reset();
    world.reset();
  }

  void settle() {
    context.restart();
    context.poll();
  }
  void advance(core::Duration by) {
    timers.advance(by);
    settle();
  }
  /// Fires timers, one after the other, until the call is answered.
  void finish(const FakeResponder& responder) {
    while (responder.finished == 0 && timers.advance_to_next()) settle();
    ASSERT_EQ(responder.finished, 1);
  }

  static protocol::Frame frame(std::string bytes) {
    auto parsed = protocol::Frame::parse(std::move(bytes));
    if (!parsed) throw std::runtime_error(parsed.error().message);
    return std::move(*parsed);
  }

  gateway::Opened open_raw(std::string params) {
    gateway::Opened opened;
    auto initialize =
        fmt::format(R"({{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}})", params);
    auto task = [](EverythingService& on, protocol::Frame request, gateway::Opened& out
                ) -> awaitable<void> { out = co_await on.open(std::move(request), "", ""); };
    asio::co_spawn(context, task(*service, frame(initialize), opened), rethrow);
    settle();
    return opened;
  }
  gateway::ClientSessionPtr connect(
      std::string_view capabilities = R"({"sampling":{},"elicitation":{}})"
  ) {
    auto opened = open_raw(fmt::format(
        R"({{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{{"name":"t","version":"1"}}}})",
        capabilities
    ));
    service->notice(
        opened.session, frame(R"({"jsonrpc":"2.0","method":"notifications/initialized"})")
    );
    return opened.session;
  }

  std::shared_ptr<FakeResponder> request(
      const gateway::ClientSessionPtr& session, std::string_view method,
      std::string_view params = "{}", std::string_view id = "1"
  ) {
    auto responder = std::make_shared<FakeResponder>();
    auto bytes =
        fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})", id, method, params);
    asio::co_spawn(context, service->request(session, frame(bytes), responder), rethrow);
    settle();
    return responder;
  }
  std::shared_ptr<FakeResponder> call(
      const gateway::ClientSessionPtr& session, std::string_view tool,
      std::string_view arguments = "{}", std::string_view id = "1"
  ) {
    auto params = fmt::format(
        R"({{"name":"{}","arguments":{},"_meta":{{"progressToken":"p1"}}}})", tool, arguments
    );
    return request(session, "tools/call", params, id);
  }
  /// Text of the first content block.
  static std::string text(const FakeResponder& responder) {
    return std::string(responder.json().at("result").at("content").at(0).at("text").as_string());
  }
  /// The client's answer to the last request it was sent.
  void reply(
      const gateway::ClientSessionPtr& session, const FakeResponder& asked, std::string_view result
  ) {
    auto id = boost::json::serialize(boost::json::parse(asked.sent.back()).at("id"));
    service->notice(
        session, frame(fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id, result))
    );
    settle();
  }

  static void rethrow(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  }

  asio::io_context context;
  core::ManualTimers timers;
  core::SeededRandom random{7};
  std::unique_ptr<World> world;
  std::unique_ptr<EverythingService> service;
  int crashes = 0;
};

}  // namespace mooring::everything
