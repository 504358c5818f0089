#include "recovery/failure.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace mooring::recovery {
namespace {

Failure status(int code, std::string body = {}, bool sent_session_id = true) {
  Failure failure;
  failure.http_status = code;
  failure.body = std::move(body);
  failure.sent_session_id = sent_session_id;
  return failure;
}

Failure broken(Stage stage, std::string error) {
  Failure failure;
  failure.stage = stage;
  failure.error = std::move(error);
  return failure;
}

std::string json_error(const std::string& code) {
  return R"({"jsonrpc":"2.0","id":1,"error":{"code":)" + code +
         R"(,"message":"Session not found"}})";
}

TEST(Failure, words) {
  EXPECT_EQ(to_string(Delivery::not_sent), "not_sent");
  EXPECT_EQ(to_string(Delivery::refused), "refused");
  EXPECT_EQ(to_string(Delivery::unknown), "unknown");
  EXPECT_EQ(to_string(Delivery::answered), "answered");
  EXPECT_EQ(to_string(Stage::tls), "tls");
  EXPECT_EQ(to_string(Stage::process), "process");
}

TEST(Failure, describe) {
  const std::vector<std::pair<Failure, std::string>> table = {
      {broken(Stage::connect, "connection refused"), "connect: connection refused"},
      {broken(Stage::body, ""), "body: failed"},
      {status(502, "upstream said no"), "HTTP 502 Bad Gateway: upstream said no"},
      {status(404), "HTTP 404 Not Found"},
      {status(499, "  \n "), "HTTP 499"},
      {status(404, json_error("-32001")), "HTTP 404 Not Found: Session not found"},
      {status(401, R"({"error":"invalid_token","error_description":"it expired"})"),
       "HTTP 401 Unauthorized: it expired"},
      {status(400, R"({"message":"a\nb"})"), "HTTP 400 Bad Request: a b"},
      {status(400, R"({"detail":[1]})"), "HTTP 400 Bad Request"},
      {status(400, R"({"error":"plain"})"), "HTTP 400 Bad Request: plain"},
      {status(503, "<html><head><title>Down for\n maintenance</title></head><body>…"),
       "HTTP 503 Service Unavailable: Down for maintenance"},
      {status(500, "<html>nothing"), "HTTP 500 Internal Server Error"},
      {status(500, "{broken"), "HTTP 500 Internal Server Error: {broken"},
      {status(500, "caf\xE9 \xFF{"), "HTTP 500 Internal Server Error: caf\uFFFD \uFFFD{"},
  };
  for (const auto& [failure, expected] : table) EXPECT_EQ(describe(failure), expected);
  Failure timed_out = broken(Stage::headers, "");
  timed_out.timed_out = true;
  EXPECT_EQ(describe(timed_out), "headers: timed out");
  Failure aborted;
  aborted.aborted = true;
  EXPECT_EQ(describe(aborted), "cancelled by the caller");
  Failure cut = status(200);
  cut.error = "connection reset by peer";
  EXPECT_EQ(describe(cut), "HTTP 200 OK (connection reset by peer)");
  Failure in_band = status(200, json_error("-32602"));
  in_band.in_band = true;
  EXPECT_EQ(describe(in_band), "error -32602: Session not found");
}

TEST(Failure, TOOL_11_descriptions_are_redacted_and_short) {
  const std::string text = describe(status(500, "token=abcdef " + std::string(10'000, 'x')));
  EXPECT_EQ(text.find("abcdef"), std::string::npos);
  EXPECT_LT(text.size(), 210U);
  const std::string cut =
      describe(status(500, std::string(163, 'x') + " Bearer secretsecretsecret"));
  EXPECT_EQ(cut.find("secret"), std::string::npos) << cut;
  const std::string wide = describe(broken(Stage::body, std::string(195, 'x') + "€€€€€"));
  EXPECT_TRUE(wide.ends_with("…")) << wide;
  EXPECT_NE(wide.substr(wide.size() - 4, 1), "\xE2") << "no half characters";
}

}  // namespace
}  // namespace mooring::recovery
