#include <gmock/gmock.h>

#include <mutex>

#include "integration/harness/background.hpp"
#include "io/http_server.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "support.hpp"

namespace mooring::client {
namespace {

/// A server of the modern era over HTTP, of whose two tools one has a mark that breaks the rules.
class MarkingServer {
 public:
  MarkingServer() {
    background_.start();
    url_ = background_.call([this] {
      server_ = std::make_unique<io::HttpServer>(
          background_.worker, io::HttpServerLimits{},
          [this](io::HttpExchange& exchange) { return handle(exchange); }
      );
      return "http://127.0.0.1:" + std::to_string(server_->listen("127.0.0.1", 0).value().port);
    });
  }
  ~MarkingServer() {
    background_.run(server_->stop());
    background_.call([this] { server_.reset(); });
    background_.stop();
  }
  MarkingServer(const MarkingServer&) = delete;
  MarkingServer& operator=(const MarkingServer&) = delete;

  const std::string& url() const { return url_; }
  /// The header of the last call.
  std::string region() const {
    const std::lock_guard lock(mutex_);
    return region_;
  }

 private:
  awaitable<void> handle(io::HttpExchange& exchange) {
    const auto request = protocol::Frame::parse(std::move(exchange.body())).value();
    std::string result = R"({"resultType":"complete","content":[]})";
    if (request.method() == "server/discover") {
      result = R"({"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}})";
    } else if (request.method() == "tools/list") {
      result = R"({"tools":[
          {"name":"good","inputSchema":{"type":"object","properties":
              {"region":{"type":"string","x-mcp-header":"Region"}}}},
          {"name":"bad","inputSchema":{"type":"object","properties":
              {"score":{"type":"number","x-mcp-header":"Score"}}}}]})";
    } else {
      const std::lock_guard lock(mutex_);
      region_ = exchange.header("Mcp-Param-Region");
    }
    co_await exchange.respond(
        200, {{"Content-Type", "application/json"}}, protocol::make_result(request.id(), result)
    );
  }

  integration::Background background_;
  std::unique_ptr<io::HttpServer> server_;
  std::string url_, region_;
  mutable std::mutex mutex_;
};

/// 2026-07-28 "Transports": clients exclude such tools from what they list.
TEST_F(ClientTest, AToolWhoseHeaderMarksBreakTheRulesIsNotListed) {
  const MarkingServer marking;
  UpstreamConfig config;
  config.url = marking.url();
  auto client = connected(config);
  ASSERT_EQ(client.protocol_version(), "2026-07-28");
  const auto tools = client.tools();
  ASSERT_TRUE(tools) << tools.error().detail;
  EXPECT_THAT(*tools, testing::ElementsAre(testing::Field(&Item::name, "good")));
  const auto called = client.call("good", R"({"region":"eu"})");
  ASSERT_TRUE(called) << called.error().detail;
  EXPECT_EQ(marking.region(), "eu");
}

}  // namespace
}  // namespace mooring::client
