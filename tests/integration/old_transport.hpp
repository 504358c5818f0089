#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <string>

#include "harness/gateway.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {

constexpr std::string_view elicitation_request =
    R"({"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object","properties":{"n":{"type":"string"}}}}})";

inline std::string shown(const json::value& response) {
  return text(response, "/result/content/0/text");
}

inline std::string entry(std::string_view url, std::string_view more = {}) {
  return fmt::format(R"({{"url":"{}"{}}})", url, more);
}

/// A gateway whose clients speak the older HTTP+SSE.
class OldTransport : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(
      std::string_view section = R"({"log":{"level":"off"}})",
      Background::Time time = Background::Time::real
  ) {
    return std::make_unique<TestGateway>(
        servers(section, {{"one", entry(upstream.url())}}),
        GatewayOptions{.workers = GetParam(), .time = time}
    );
  }
  static std::string sse(const TestGateway& gateway, std::string_view server = {}) {
    return gateway.url() + "/sse" + (server.empty() ? "" : "/") + std::string(server);
  }
  /// What a client answers to a question.
  static std::string answer(const json::value& question, std::string_view body) {
    return fmt::format(
        R"({{"jsonrpc":"2.0","id":{},{}}})", json::serialize(at(question, "/id")), body
    );
  }

  ScriptedServer upstream;
  Client client;
};

}  // namespace mooring::integration
