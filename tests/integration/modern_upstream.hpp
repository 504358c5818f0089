#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "harness/gateway.hpp"
#include "harness/modern.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

/// A gateway in front of a scripted server of the modern era (2026-07-28).
namespace mooring::integration {

/// Answers `question` (a raw result) until a retry brings `inputResponses` and then with them as
/// the text of the result.
inline Answer asks_first(std::string question) {
  return [question](ScriptedServer&, io::HttpExchange& to, Seen seen) -> awaitable<void> {
    constexpr std::array type = {io::HeaderField{"Content-Type", "application/json"}};
    const auto frame = protocol::Frame::parse(seen.body);
    const auto answers = protocol::member(frame->params(), "inputResponses");
    co_await to.respond(
        200, type,
        protocol::make_result(
            seen.id,
            answers ? fmt::format(
                          R"({{"resultType":"complete","content":[{{"type":"text","text":{}}}]}})",
                          protocol::quote(*answers)
                      )
                    : question
        )
    );
  };
}

inline constexpr std::string_view asks_form =
    R"({"resultType":"input_required","requestState":"st\u00e4te","inputRequests":{"who are you?":{"method":"elicitation/create","params":{"mode":"form","message":"who?","requestedSchema":{"type":"object","properties":{"n":{"type":"string"}}}}}}})";
inline constexpr std::string_view asks_visit =
    R"({"resultType":"input_required","inputRequests":{"v":{"method":"elicitation/create","params":{"mode":"url","message":"go","url":"https://example.com/x"}}}})";
inline constexpr std::string_view asks_sampling =
    R"({"resultType":"input_required","inputRequests":{"s":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":100000,"vendor":[1.0]}}}})";
inline constexpr std::string_view asks_roots =
    R"({"resultType":"input_required","inputRequests":{"r":{"method":"roots/list"}}})";

class ModernUpstream : public testing::TestWithParam<unsigned> {
 protected:
  ModernUpstream() { upstream.speak_modern(); }
  std::unique_ptr<TestGateway> start(
      std::string more = {}, Background::Time time = Background::Time::real
  ) {
    auto gateway = std::make_unique<TestGateway>(
        servers({{"one", fmt::format(R"({{"url":"{}"{}}})", upstream.url(), more)}}),
        GatewayOptions{.workers = GetParam(), .time = time}
    );
    gateway->wait_state("one", "ready");
    return gateway;
  }
  Session session(TestGateway& gateway, std::string capabilities = "{}") {
    return Session(client, gateway.mcp("one"), {.capabilities = std::move(capabilities)});
  }
  static int code(const json::value& response) {
    const auto found = at(response, "/error/code");
    return found.is_int64() ? static_cast<int>(found.as_int64()) : 0;
  }
  /// The `inputResponses` as the server wrote them into its result.
  static std::string told(const json::value& response) {
    return text(response, "/result/content/0/text");
  }
  std::string raw_params(std::size_t call) const {
    const auto all = upstream.all("tools/call");
    if (call >= all.size()) return "there was no such call";
    return std::string(protocol::Frame::parse(all[call].body)->params());
  }

  ScriptedServer upstream;
  Client client;
};

}  // namespace mooring::integration
