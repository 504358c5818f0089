#include "protocol/messages.hpp"

#include <gtest/gtest.h>

#include <string>

#include "protocol/frame.hpp"
#include "protocol/version.hpp"

namespace mooring::protocol {
namespace {

TEST(Messages, requests_and_notifications) {
  EXPECT_EQ(make_request("1", "ping"), R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
  EXPECT_EQ(
      make_request("\"a\"", "tools/list", R"({"cursor":"x"})"),
      R"({"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"cursor":"x"}})"
  );
  EXPECT_EQ(make_notification("a\"b"), R"({"jsonrpc":"2.0","method":"a\"b"})");
}

TEST(Messages, responses) {
  EXPECT_EQ(make_result("1", "{}"), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  EXPECT_EQ(
      make_error("1", method_not_found, "no \"x\""),
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no \"x\""}})"
  );
  EXPECT_EQ(
      make_error("", parse_error, "m"), R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"m"}})"
  );
  EXPECT_EQ(
      make_error_with("null", 5, "m", "[1]"),
      R"({"jsonrpc":"2.0","id":null,"error":{"code":5,"message":"m","data":[1]}})"
  );
}

TEST(Messages, structured_errors_have_one_shape) {
  const ErrorData full{
      .server = "git\"hub",
      .kind = "session_lost",
      .delivery = "unknown",
      .outcome = "unknown",
      .retryable = true,
      .retry_after_ms = 1500,
      .recovery_id = "r-1",
      .advice = "Try again"
  };
  EXPECT_EQ(
      make_error("1", internal_error, "m", full),
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"m","data":{"mooring":{"server":"git\"hub",)"
      R"("kind":"session_lost","delivery":"unknown","outcome":"unknown","retryable":true,"retry_after_ms":1500,)"
      R"("recovery_id":"r-1","advice":"Try again"}}}})"
  );
  EXPECT_EQ(
      make_error("1", internal_error, "m", ErrorData{.server = "s"}),
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"m","data":{"mooring":{"server":"s","kind":null,)"
      R"("delivery":null,"outcome":null,"retryable":false,"retry_after_ms":null,"recovery_id":null,"advice":null}}}})"
  );
}

TEST(Messages, TOOL_11_errors_are_redacted) {
  const std::string error = make_error(
      "1", internal_error, "got Bearer abc123", ErrorData{.server = "s", .advice = "use token=xyz"}
  );
  EXPECT_EQ(error.find("abc123"), std::string::npos);
  EXPECT_EQ(error.find("xyz"), std::string::npos);
  EXPECT_NE(error.find("Bearer [REDACTED]"), std::string::npos);
}

TEST(Messages, are_one_line_whatever_they_are_made_of) {
  const std::string raw = "{\n  \"a\": \"b\\nc\"\r\n}";
  for (const std::string& message :
       {make_request("\n1", "m\n", raw), make_notification("m", raw), make_result("1", raw),
        make_error("1", 1, "a\nb"), make_error_with("1", 1, "a\nb", raw)}) {
    EXPECT_EQ(message.find_first_of("\r\n"), std::string::npos) << message;
    EXPECT_TRUE(Frame::parse(message)) << message;
  }
}

TEST(Version, names_and_order) {
  for (const auto version :
       {Version::v2024_11_05, Version::v2025_03_26, Version::v2025_06_18, Version::v2025_11_25}) {
    EXPECT_EQ(parse_version(to_string(version)), version);
    EXPECT_EQ(negotiate(to_string(version)), version);
  }
  EXPECT_EQ(to_string(latest_legacy), "2025-11-25");
  EXPECT_LT(Version::v2024_11_05, Version::v2025_11_25);
  EXPECT_EQ(parse_version("2025-11-24"), std::nullopt);
  EXPECT_EQ(parse_version(""), std::nullopt);
  EXPECT_EQ(negotiate("1999-01-01"), latest_legacy);
  EXPECT_EQ(negotiate("2099-01-01"), latest_legacy);
}

TEST(Messages, a_result_in_pieces_is_the_result) {
  const std::vector<std::string_view> pieces = {R"({"tools":[)", "", R"({"a":1})", "]}"};
  EXPECT_EQ(make_result_of("7", pieces), make_result("7", R"({"tools":[{"a":1}]})"));
}

TEST(Messages, the_error_of_a_response_is_found_wherever_it_stands) {
  EXPECT_EQ(error_of(R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})"), R"({"code":1})");
  EXPECT_EQ(error_of(R"( {"\u0065rror":{"code":1},"id":1})"), R"({"code":1})");
  EXPECT_FALSE(error_of(R"({"result":{"error":{}},"id":1})"));
  EXPECT_FALSE(error_of(R"({"id":1,"x":{"error":1},"result":{}})"));
  EXPECT_FALSE(error_of("{}"));
  EXPECT_FALSE(error_of(""));
  EXPECT_FALSE(error_of("[]"));
}

}  // namespace
}  // namespace mooring::protocol
