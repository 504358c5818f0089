#include "client/outcome.hpp"

#include <gtest/gtest.h>

namespace mooring::client {
namespace {

upstream::CallError failed(std::string kind, recovery::Delivery delivery) {
  upstream::CallError error;
  error.kind = std::move(kind);
  error.delivery = delivery;
  error.message = "files: went wrong";
  error.advice = "Do something.";
  return error;
}

TEST(Outcome, SaysWhetherTheCallMayHaveRun) {
  using recovery::Delivery;
  const auto reason = [](std::string kind, Delivery delivery) {
    return to_error(failed(std::move(kind), delivery)).reason;
  };
  EXPECT_EQ(reason("unavailable", Delivery::not_sent), Reason::unavailable);
  EXPECT_EQ(reason("transient", Delivery::unknown), Reason::unknown_outcome);
  EXPECT_EQ(reason("transient", Delivery::refused), Reason::unavailable);
  EXPECT_EQ(reason("timeout", Delivery::unknown), Reason::timeout);
  EXPECT_EQ(reason("timeout", Delivery::not_sent), Reason::unavailable);
  EXPECT_EQ(reason("auth", Delivery::refused), Reason::login_needed);
  EXPECT_EQ(reason("cancelled", Delivery::unknown), Reason::cancelled);
  EXPECT_EQ(reason("other", Delivery::refused), Reason::rejected);
}

TEST(Outcome, IsOneSentenceWithAdvice) {
  EXPECT_EQ(
      to_error(failed("transient", recovery::Delivery::unknown)).detail,
      "files: went wrong; do something"
  );
}

TEST(Outcome, ReadsTheErrorOfAGateway) {
  auto made = failed("transient", recovery::Delivery::unknown);
  made.retry_after = std::chrono::seconds(3);
  const auto response = upstream::error_response("1", "files", made);
  const auto error = to_error(response.substr(
      response.find("\"error\":") + 8, response.size() - response.find("\"error\":") - 9
  ));
  EXPECT_EQ(error.reason, Reason::unknown_outcome);
  EXPECT_EQ(error.detail, "files: went wrong; do something");
  EXPECT_EQ(error.retry_after, std::chrono::seconds(3));
}

TEST(Outcome, AnyOtherErrorIsRejectedWithItsCode) {
  const auto error = to_error(R"({"code":-32602,"message":"Unknown tool: x"})");
  EXPECT_EQ(error.reason, Reason::rejected);
  EXPECT_EQ(error.detail, "-32602: Unknown tool: x");
}

TEST(Outcome, AServerThatWantsCredentialsNeedsALogin) {
  EXPECT_EQ(
      to_connect_error("files", "HTTP 401 Unauthorized; check", true).reason, Reason::login_needed
  );
  EXPECT_EQ(to_connect_error("files", "connect: refused", false).reason, Reason::unavailable);
}

}  // namespace
}  // namespace mooring::client
