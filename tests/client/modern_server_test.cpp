#include <gmock/gmock.h>

#include <map>
#include <mutex>
#include <utility>

#include "integration/harness/background.hpp"
#include "io/http_server.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "support.hpp"

namespace mooring::client {
namespace {

/// A server of the modern era over HTTP that answers each method with a result, whatever is asked.
class ModernServer {
 public:
  explicit ModernServer(std::map<std::string, std::string> results) : results_(std::move(results)) {
    results_["server/discover"] =
        R"({"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}})";
    background_.start();
    url_ = background_.call([this] {
      server_ = std::make_unique<io::HttpServer>(
          background_.worker, io::HttpServerLimits{},
          [this](io::HttpExchange& exchange) { return handle(exchange); }
      );
      return "http://127.0.0.1:" + std::to_string(server_->listen("127.0.0.1", 0).value().port);
    });
  }
  ~ModernServer() {
    background_.run(server_->stop());
    background_.call([this] { server_.reset(); });
    background_.stop();
  }
  ModernServer(const ModernServer&) = delete;
  ModernServer& operator=(const ModernServer&) = delete;

  const std::string& url() const { return url_; }
  /// Mcp-Param-Region of the last call.
  std::string region() const {
    const std::lock_guard lock(mutex_);
    return region_;
  }

 private:
  awaitable<void> handle(io::HttpExchange& exchange) {
    const auto request = protocol::Frame::parse(std::move(exchange.body())).value();
    if (request.method() == "tools/call") {
      const std::lock_guard lock(mutex_);
      region_ = exchange.header("Mcp-Param-Region");
    }
    const auto& result = results_.at(request.method());
    co_await exchange.respond(
        200, {{"Content-Type", "application/json"}}, protocol::make_result(request.id(), result)
    );
  }

  std::map<std::string, std::string> results_;
  integration::Background background_;
  std::unique_ptr<io::HttpServer> server_;
  std::string url_, region_;
  mutable std::mutex mutex_;
};

UpstreamConfig at(const ModernServer& server) {
  UpstreamConfig config;
  config.url = server.url();
  return config;
}

/// 2026-07-28 "Transports": clients exclude such tools from what they list.
TEST_F(ClientTest, AToolWhoseHeaderMarksBreakTheRulesIsNotListed) {
  const ModernServer marking({
      {"tools/call", R"({"resultType":"complete","content":[]})"},
      {"tools/list", R"({"tools":[
          {"name":"good","inputSchema":{"type":"object","properties":
              {"region":{"type":"string","x-mcp-header":"Region"}}}},
          {"name":"bad","inputSchema":{"type":"object","properties":
              {"score":{"type":"number","x-mcp-header":"Score"}}}}]})"},
  });
  auto client = connected(at(marking));
  ASSERT_EQ(client.protocol_version(), "2026-07-28");
  const auto tools = client.tools();
  ASSERT_TRUE(tools) << tools.error().detail;
  EXPECT_THAT(*tools, testing::ElementsAre(testing::Field(&Item::name, "good")));
  const auto called = client.call("good", R"({"region":"eu"})");
  ASSERT_TRUE(called) << called.error().detail;
  EXPECT_EQ(marking.region(), "eu");
}

/// 2026-07-28 "Base Protocol": it is invalid. A task that nobody asked for is no result.
TEST_F(ClientTest, AResultOfAnUnknownTypeIsNoResult) {
  const ModernServer server({
      {"tools/call", R"({"resultType":"deferred"})"},
      {"tools/list", R"({"tools":[{"name":"long","inputSchema":{"type":"object"}}]})"},
  });
  auto client = connected(at(server));
  const auto called = client.call("long");
  ASSERT_FALSE(called) << called->json;
  EXPECT_THAT(called.error().detail, testing::HasSubstr("result of the unknown type 'deferred'"));
}

}  // namespace
}  // namespace mooring::client
