// What Mooring says in its own words: to a server that asks, and to a client whose call got no
// answer.
#include <gtest/gtest.h>

#include "protocol/json_scan.hpp"
#include "upstream/call.hpp"
#include "upstream/decline.hpp"

namespace mooring::upstream {
namespace {

using namespace std::chrono_literals;
using protocol::Frame;
using protocol::member;
using protocol::string_member;

Frame frame(std::string bytes) {
  auto parsed = Frame::parse(std::move(bytes));
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return std::move(*parsed);
}

Frame declined(const std::string& method, const std::string& id = "7") {
  const auto request = frame(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + "\"}");
  return frame(decline(request, "no client is attached to this request"));
}

TEST(Decline, ping_is_answered) {
  const auto answer = declined("ping", R"("p-1")");
  EXPECT_EQ(answer.id(), R"("p-1")");
  EXPECT_EQ(answer.result(), "{}");
}

TEST(Decline, roots_are_none) { EXPECT_EQ(declined("roots/list").result(), R"({"roots":[]})"); }

TEST(Decline, an_elicitation_is_declined) {
  EXPECT_EQ(declined("elicitation/create").result(), R"({"action":"decline"})");
}

TEST(Decline, anything_else_is_an_error_that_says_why) {
  const auto sampling = declined("sampling/createMessage");
  EXPECT_EQ(sampling.kind(), Frame::Kind::error);
  EXPECT_EQ(member(sampling.error(), "code"), "-32600");
  EXPECT_EQ(string_member(sampling.error(), "message"), "no client is attached to this request");
  EXPECT_EQ(member(declined("tasks/get").error(), "code"), "-32601");
}

TEST(ErrorResponse, carries_the_structured_error_of_the_contract) {
  CallError error;
  error.kind = "unavailable";
  error.delivery = recovery::Delivery::not_sent;
  error.retryable = true;
  error.retry_after = 2500ms;
  error.message = "server s is \"away\"";
  error.advice = "Wait.";
  const auto response = frame(error_response("\"a\"", "s", error));
  EXPECT_EQ(response.id(), "\"a\"");
  EXPECT_EQ(member(response.error(), "code"), "-32603");
  EXPECT_EQ(string_member(response.error(), "message"), error.message);
  const auto data = member(response.error(), "data");
  ASSERT_TRUE(data);
  const auto mooring = member(*data, "mooring");
  ASSERT_TRUE(mooring);
  EXPECT_EQ(string_member(*mooring, "server"), "s");
  EXPECT_EQ(string_member(*mooring, "kind"), "unavailable");
  EXPECT_EQ(string_member(*mooring, "delivery"), "not_sent");
  EXPECT_EQ(string_member(*mooring, "outcome"), "not_executed");
  EXPECT_EQ(member(*mooring, "retryable"), "true");
  EXPECT_EQ(member(*mooring, "retry_after_ms"), "2500");
  EXPECT_EQ(string_member(*mooring, "advice"), "Wait.");
}

TEST(ErrorResponse, the_outcome_follows_the_delivery) {
  const std::vector<std::pair<recovery::Delivery, std::string>> table = {
      {recovery::Delivery::not_sent, "not_executed"},
      {recovery::Delivery::refused, "not_executed"},
      {recovery::Delivery::unknown, "unknown"},
      {recovery::Delivery::answered, "unknown"},
  };
  for (const auto& [delivery, outcome] : table) {
    CallError error;
    error.kind = "timeout";
    error.delivery = delivery;
    error.message = "m";
    const auto response = frame(error_response("1", "s", error));
    const auto data = member(*member(response.error(), "data"), "mooring");
    EXPECT_EQ(string_member(*data, "outcome"), outcome);
    EXPECT_EQ(string_member(*data, "delivery"), recovery::to_string(delivery));
    EXPECT_EQ(member(*data, "retryable"), "false");
    EXPECT_EQ(member(*data, "retry_after_ms"), "null");
  }
}

TEST(ErrorResponse, no_secret_leaves_in_a_message) {
  CallError error;
  error.kind = "other";
  error.message = "upstream said Authorization: Bearer abcdefgh12345678";
  EXPECT_EQ(error_response("1", "s", error).find("abcdefgh12345678"), std::string::npos);
}

}  // namespace
}  // namespace mooring::upstream
