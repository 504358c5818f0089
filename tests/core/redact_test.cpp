#include "core/redact.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mooring::core {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

void expect(const Rows& rows) {
  for (const auto& [text, clean] : rows) {
    EXPECT_EQ(redact(text), clean) << text;
    EXPECT_EQ(redact(clean), clean) << "not stable: " << clean;
  }
}

TEST(Redact, TOOL_11_known_token_forms) {
  expect({
      {"got ghp_16C7e42F292c6912E7710c838347Ae178B4a!", "got [REDACTED]!"},
      {"gho_abc and ghs_x1", "[REDACTED] and [REDACTED]"},
      {"github_pat_11ABC_def", "[REDACTED]"},
      {"key sk-proj-abcDEF1234567890", "key [REDACTED]"},
      {"sk-ant-api03-aaaabbbb", "[REDACTED]"},
      {"xoxb-123-456-abc, xoxp-1-2", "[REDACTED], [REDACTED]"},
      {"AKIAIOSFODNN7EXAMPLE", "[REDACTED]"},
      {"(glpat-abcdefgh)", "([REDACTED])"},
      {"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "jwt [REDACTED] end"},
      {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.", "[REDACTED]"},
  });
}

TEST(Redact, TOOL_11_authorization_schemes) {
  expect({
      {"Bearer x", "Bearer [REDACTED]"},
      {"sent 'bearer abc.def-ghi_/+=' twice", "sent 'bearer [REDACTED]' twice"},
      {"Basic dXNlcjpwYXNz", "Basic [REDACTED]"},
      {"BASIC\tdXNlcjpwYXNz", "BASIC\t[REDACTED]"},
      {"Authorization: Bearer abc", "Authorization: [REDACTED]"},
      {"authorization: Digest username=\"bob\", response=\"abc\"\nHost: x",
       "authorization: [REDACTED]\nHost: x"},
      {"Proxy-Authorization: Basic Zm9v\r\nA: b", "Proxy-Authorization: [REDACTED]\r\nA: b"},
      {"Cookie: a=b; c=d", "Cookie: [REDACTED]"},
      {R"({"Authorization":"Bearer abc","x":1})", R"({"Authorization":"[REDACTED]","x":1})"},
  });
}

TEST(Redact, TOOL_11_names_of_secrets) {
  expect({
      {"token=abc", "token=[REDACTED]"},
      {"/cb?code=1&access_token=abc&x=2", "/cb?code=1&access_token=[REDACTED]&x=2"},
      {"GITHUB_TOKEN=abc other", "GITHUB_TOKEN=[REDACTED] other"},
      {"api_key=k api-key=k apikey=k X-Api-Key: k",
       "api_key=[REDACTED] api-key=[REDACTED] apikey=[REDACTED] X-Api-Key: [REDACTED]"},
      {"password=p, passwd=q", "password=[REDACTED], passwd=[REDACTED]"},
      {"client_secret=s;", "client_secret=[REDACTED];"},
      {R"({"password": "a \" b", "n": 1})", R"({"password": "[REDACTED]", "n": 1})"},
      {R"({"refresh_token":"r","accessToken":"a"})",
       R"({"refresh_token":"[REDACTED]","accessToken":"[REDACTED]"})"},
      {R"(body "{\"token\":\"abc\",\"b\":1}")", R"(body "{\"token\":\"[REDACTED]\",\"b\":1}")"},
      {"password: hunter2", "password: [REDACTED]"},
      {"token: 4f9a8c7b6d5e4f3a", "token: [REDACTED]"},
      {"token='abc'", "token='[REDACTED]'"},
      {"http://bob:secret@proxy:3128/x", "http://bob:[REDACTED]@proxy:3128/x"},
  });
}

TEST(Redact, leaves_innocent_text_alone) {
  for (const std::string text : {
           "",
           "Invalid token: expired",
           "Bearer token is missing",
           "Basic authentication required",
           "Bearer realm=\"x\", error=\"invalid_token\"",
           "the sk-learn package",
           "risk-free",
           "task-12345678901",
           "max_tokens: 4096",
           R"({"progressToken":"p-1"})",
           "tokens=5",
           "http://example.com:8080/a@b",
           "a=b:c",
           "eyJ is how they begin",
           "eyJabc.short",
           "error code=404",
           "12:30:45",
           "secretary: Ann",
           "akia",
           "xylophone-1",
           "connection reset by peer",
           "=",
           ":",
           "token=",
           "password: ",
           "Authorization:",
           "://",
           "bearer",
           "basic ",
       }) {
    EXPECT_EQ(redact(text), text);
  }
}

TEST(Redact, a_secret_that_was_forgotten_is_text_again) {
  register_secret("once-a-secret");
  register_secret("once-a-secret-too");
  forget_secret("once-a-secret");
  EXPECT_EQ(redact("x once-a-secret y"), "x once-a-secret y");
  EXPECT_EQ(redact("x once-a-secret-too y").find("once"), std::string::npos);
  forget_secret("never-known");
}

TEST(Redact, TOOL_11_registered_values_anywhere) {
  register_secret("s3cr3t-value");
  register_secret("s3cr3t-value-longer");
  register_secret("short");  // too short to be taken
  expect({
      {"it is s3cr3t-value", "it is [REDACTED]"},
      {"xs3cr3t-value-longerx", "x[REDACTED]x"},
      {"s3cr3t-valu", "s3cr3t-valu"},
      {"a short text", "a short text"},
      {"s3cr3t-values3cr3t-value", "[REDACTED][REDACTED]"},
  });
}

TEST(Redact, TOOL_11_a_registered_value_never_gets_through_beside_another_find) {
  register_secret("s3cr3t-value");
  register_secret("odd&secret value");
  expect({
      {"http://s3cr3t-value:pw@h/", "http://[REDACTED]:[REDACTED]@h/"},
      {"http://bobs3cr3t-value:pw@h/", "http://bob[REDACTED]:[REDACTED]@h/"},
      {"token=odd&secret value&x=1", "token=[REDACTED]&x=1"},
      {"token=1odd&secret value;", "token=[REDACTED];"},
  });
}

TEST(Redact, registering_while_others_redact) {
  std::thread writer([] {
    for (int i = 0; i < 500; ++i) register_secret("concurrent-secret-" + std::to_string(i));
  });
  for (int i = 0; i < 500; ++i) EXPECT_EQ(redact("nothing to see"), "nothing to see");
  writer.join();
  EXPECT_EQ(redact("<concurrent-secret-499>"), "<[REDACTED]>");
}

TEST(Redact, every_prefix_of_a_text_is_handled) {
  const std::string text =
      "Authorization: \\\"Bearer eyJa.eyJb.c\\\" token='x\\'y' xoxb-1 http://u:p@h \"password\" : "
      "\"q\\";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const std::string clean = redact(text.substr(0, n));
    EXPECT_EQ(clean, redact(clean)) << n;
  }
}

}  // namespace
}  // namespace mooring::core
