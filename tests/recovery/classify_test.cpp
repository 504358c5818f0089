#include "recovery/classify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "recovery/decide.hpp"

namespace mooring::recovery {
namespace {

/// "kind/action/replay"
std::string said(const Failure& failure, const Overrides& overrides = {}) {
  const auto conclusion = classify(failure, overrides);
  return std::string(to_string(conclusion.kind)) + "/" + std::string(to_string(conclusion.action)) +
         "/" + std::string(conclusion.replay ? to_string(*conclusion.replay) : "null");
}

Failure status(int code, std::string body) {
  Failure failure;
  failure.method = "tools/call";
  failure.http_status = code;
  failure.sent_session_id = true;
  failure.body = std::move(body);
  return failure;
}

Failure in_band(int code, std::string_view message) {
  Failure failure = status(
      200, R"({"jsonrpc":"2.0","id":7,"error":{"code":)" + std::to_string(code) +
               R"(,"message":")" + std::string(message) + R"("}})"
  );
  failure.in_band = true;
  return failure;
}

/// Nothing but a sentence.
Failure sentence(std::string text) {
  Failure failure;
  failure.method = "tools/call";
  failure.sent_session_id = true;
  failure.error = std::move(text);
  return failure;
}

Failure broken(Stage stage, std::string error, std::size_t bytes_sent) {
  Failure failure = sentence(std::move(error));
  failure.stage = stage;
  failure.bytes_sent = bytes_sent;
  return failure;
}

std::string in_upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string in_mixed(std::string text) {
  for (std::size_t i = 0; i < text.size(); i += 2) {
    text[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
  }
  return text;
}

constexpr std::string_view gone = "session_lost/reconnect/yes";

TEST(Classify, EXP_01_the_phrase_that_comes_as_an_ordinary_answer) {
  EXPECT_EQ(said(in_band(-32602, "Invalid params: Invalid or expired session")), gone);
}

TEST(Classify, EXP_02_markers_in_any_case_and_without_status_or_code) {
  for (const std::string marker :
       {"Invalid or expired session", "Session expired", "expired session", "session not found",
        "unknown session"}) {
    for (const auto& text : {marker, in_upper(marker), in_mixed(marker)}) {
      EXPECT_EQ(said(sentence(text)), gone) << text;
      EXPECT_EQ(said(status(404, text)), gone) << text;
      EXPECT_EQ(said(in_band(-32600, text)), gone) << text;
    }
  }
}

TEST(Classify, EXP_03_other_errors_are_not_the_session) {
  for (const auto* text : {"Tool failed", "bad value", "Connection refused", "401 Unauthorized"}) {
    for (const auto& failure : {sentence(text), in_band(-32000, text), in_band(-32602, text)}) {
      EXPECT_FALSE(classify(failure).about_session()) << text << ": " << said(failure);
    }
  }
  EXPECT_EQ(said(sentence("Connection refused")), "transient/reconnect/if_safe");
  EXPECT_EQ(said(sentence("401 Unauthorized")), "auth/reauthorize/yes");
}

TEST(Classify, EXP_04_what_the_caller_cancelled_is_cancelled) {
  for (auto failure :
       {sentence("session expired"), status(404, "Session not found"),
        broken(Stage::headers, "session expired", 10)}) {
    failure.aborted = true;
    EXPECT_EQ(said(failure), "cancelled/none/no");
  }
}

TEST(Classify, EXP_05_no_text_no_session) {
  EXPECT_EQ(said(sentence("")), "other/none/no");
  EXPECT_EQ(said(in_band(-32000, "")), "tool_error/none/no");
}

TEST(Classify, EXP_12_a_401_with_and_without_session_wording) {
  EXPECT_EQ(said(status(401, "")), "auth/reauthorize/yes") << "(a)";
  EXPECT_EQ(said(status(401, "Unauthorized: Session not found")), gone) << "(b) in the body";
  auto described = status(401, "");
  described.headers = {
      {"WWW-Authenticate", R"(Bearer error="invalid_token", error_description="Session expired")"}
  };
  EXPECT_EQ(said(described), gone) << "(b) in the challenge";
  described.headers[0].second =
      R"(Bearer error="invalid_token", error_description="The \"token\" has expired")";
  EXPECT_EQ(said(described), "auth/reauthorize/yes");
  EXPECT_EQ(
      said(status(401, R"({"error":"Your session expired, please log in"})")),
      "auth/reauthorize/yes"
  );
  EXPECT_EQ(said(status(401, ""), Overrides({}, {}, true)), gone);
}

TEST(Classify, AUTH_05_a_403_is_never_the_session) {
  EXPECT_EQ(said(status(403, "Session not found")), "auth/none/no");
  auto scope = status(403, "");
  scope.headers = {{"www-authenticate", R"(Bearer error="insufficient_scope")"}};
  EXPECT_EQ(said(scope), "auth/reauthorize/yes");
  auto paced = status(403, "");
  paced.headers = {{"X-RateLimit-Remaining", "0"}};
  EXPECT_EQ(said(paced), "rate_limited/backoff/null");
}

TEST(Classify, EXP_17_connections_that_end) {
  for (const auto* text :
       {"stream closed", "broken pipe", "end of file", "connection reset", "EOF"}) {
    EXPECT_EQ(said(broken(Stage::headers, text, 10)), "transient/reconnect/if_safe") << text;
    EXPECT_EQ(said(broken(Stage::process, text, 0)), "transient/reconnect/if_safe") << text;
    EXPECT_EQ(said(broken(Stage::write, text, 0)), "transient/retry/yes") << text;
    EXPECT_EQ(said(sentence(text)), "transient/reconnect/if_safe") << text;
    EXPECT_EQ(said(sentence(std::string("request failed: ") + text)), "transient/reconnect/if_safe")
        << "(b) named as a nested cause";
  }
  // (c) A cause that holds itself cannot be written in JSON; one nested beyond measure can.
  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += R"({"error":{"data":)";
  EXPECT_EQ(said(status(400, nested)), "other/verify/if_safe");
}

TEST(Classify, EXP_20_a_404_to_our_session_id) {
  for (const auto* body : {"", "<html><title>404 Not Found</title></html>", "404 page not found"}) {
    EXPECT_EQ(classify(status(404, body)).action, Action::verify) << "(a) " << body;
  }
  for (const auto* body :
       {"Session not found",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Session not found"}})",
        R"({"error":"Session not found"})", R"({"detail":"Session not found"})",
        R"("Session not found")", "Your session was swallowed by a whale: it is gone"}) {
    EXPECT_EQ(said(status(404, body)), gone) << "(b) " << body;
  }
  for (const auto* code : {"-32601", "-32602", "-32002", "-32003", "-32004"}) {
    const auto body = std::string(R"({"jsonrpc":"2.0","id":1,"error":{"code":)") + code +
                      R"(,"message":"Tool not found: delete-session"}})";
    EXPECT_EQ(said(status(404, body)), "other/none/no") << "(c) " << code;
  }
}

TEST(Classify, EXP_22_results_are_never_read) {
  for (const auto* result :
       {R"({"isError":true,"content":[{"type":"text","text":"session expired"}]})",
        R"({"structuredContent":{"error":"Session not found"}})"}) {
    const auto body = std::string(R"({"jsonrpc":"2.0","id":7,"result":)") + result + "}";
    EXPECT_EQ(said(status(200, body)), "tool_error/none/no");
    EXPECT_EQ(said(status(200, "event: message\ndata: " + body + "\n\n")), "tool_error/none/no");
    Failure plain = sentence("session expired");
    plain.result = true;
    EXPECT_EQ(said(plain), "tool_error/none/no");
  }
}

TEST(Classify, EXP_24_what_only_a_probe_can_tell) {
  EXPECT_EQ(said(status(400, "Something is off")), "other/verify/if_safe");
  EXPECT_EQ(said(in_band(-32602, "Invalid request parameters")), "other/verify/if_safe");
  EXPECT_EQ(said(in_band(-32602, "Invalid params")), "tool_error/none/no");
  EXPECT_EQ(said(in_band(-32603, "Session not found")), "tool_error/verify/if_safe");
  // A tool may have sessions of its own; where it is ours after all, nothing was executed.
  EXPECT_EQ(said(in_band(-32602, "Session 6f1e not found")), "session_lost/verify/yes");
  auto list = in_band(-32602, "Session 6f1e not found");
  list.method = "tools/list";
  EXPECT_EQ(said(list), gone);
}

TEST(Classify, EXP_24_a_missing_argument_of_a_tool_is_an_answer) {
  EXPECT_EQ(said(in_band(-32602, "sessionId is required")), "tool_error/none/no");
  EXPECT_EQ(said(in_band(-32602, "Missing session_id")), "tool_error/none/no");
  EXPECT_EQ(
      said(in_band(-32602, "Missing Mcp-Session-Id header")), "not_initialized/reconnect/yes"
  );
  EXPECT_EQ(said(in_band(-32600, "Missing session ID")), "not_initialized/reconnect/yes");
}

TEST(Classify, an_unusual_status_does_not_hide_a_plain_sentence) {
  for (const int code : {405, 406, 409, 412, 419, 440}) {
    EXPECT_EQ(said(status(code, "Session expired")), gone) << code;
    EXPECT_EQ(said(status(code, "Conflict: session 7 is locked")), "other/none/no") << code;
  }
}

TEST(Classify, EXP_25_a_request_that_was_running) {
  EXPECT_EQ(
      said(status(
          500, R"({"jsonrpc":"2.0","id":7,"error":{"code":-32603,)"
               R"("message":"Session terminated before the request completed"}})"
      )),
      "session_lost/reconnect/if_safe"
  );
  EXPECT_EQ(
      said(in_band(-32600, "Session terminated before the request completed")),
      "session_lost/reconnect/if_safe"
  );
  auto cut = status(200, ": ping\n\n");
  cut.response_begun = true;
  EXPECT_EQ(said(cut), "session_lost/resume/if_safe");
  cut.body = R"({"jsonrpc":"2.0","id":7,"res)";
  cut.stage = Stage::body;
  EXPECT_EQ(said(cut), "session_lost/resume/if_safe");
  EXPECT_EQ(delivery_of(cut, classify(cut)), Delivery::unknown);
}

TEST(Classify, EXP_29_a_session_id_on_an_error_says_nothing) {
  auto failure = status(404, "Session not found");
  const auto before = said(failure);
  failure.headers = {{"Mcp-Session-Id", "another"}};
  EXPECT_EQ(said(failure), before);
}

TEST(Classify, EXP_30_without_a_session_there_is_none_to_lose) {
  for (auto failure :
       {status(404, "Session not found"), status(404, ""), status(400, "Session expired"),
        in_band(-32601, "Method not found"), in_band(-32600, "Session not found"),
        status(
            404, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}})"
        )}) {
    failure.sent_session_id = false;
    EXPECT_FALSE(classify(failure).about_session()) << failure.body;
    EXPECT_EQ(classify(failure).replay, Replay::no);
  }
  auto fresh = status(404, "Session not initialized");
  fresh.sent_session_id = false;
  EXPECT_EQ(said(fresh), "not_initialized/reconnect/yes") << "but one may be asked for";
  auto session_of_sse = status(404, "Session not found");
  session_of_sse.sent_session_id = false;
  session_of_sse.phase = Phase::sse_message;
  EXPECT_EQ(said(session_of_sse), gone) << "HTTP+SSE has it in the URL";
}

TEST(Classify, initialize_never_leads_to_another) {
  for (auto failure :
       {status(404, "Session not found"), status(400, "Server not initialized"),
        status(400, "Missing session ID"), in_band(-32600, "Session expired")}) {
    failure.method = "initialize";
    EXPECT_FALSE(classify(failure).about_session()) << failure.body;
  }
}

TEST(Classify, an_operator_knows_better) {
  const Overrides overrides({"neo session .* is no longer live", "[", "(a+)+b"}, {-32077}, false);
  EXPECT_EQ(said(in_band(-32000, "Neo session 12 is no longer live"), overrides), gone);
  EXPECT_EQ(
      said(in_band(-32000, "a neo session x is no longer live"), overrides), "tool_error/none/no"
  ) << "the whole message";
  EXPECT_EQ(said(in_band(-32077, "whatever"), overrides), gone);
  EXPECT_EQ(said(in_band(-32078, "whatever"), overrides), "tool_error/none/no");
  auto without = in_band(-32077, "whatever");
  without.sent_session_id = false;
  EXPECT_EQ(said(without, overrides), "tool_error/none/no");
  EXPECT_FALSE(Overrides::check_pattern("session .*"));
  ASSERT_TRUE(Overrides::check_pattern("["));
  EXPECT_NE(Overrides::check_pattern("[")->find("\"[\""), std::string::npos);
}

TEST(Classify, REC_01_our_own_timeout_is_the_end_of_the_call) {
  auto failure = broken(Stage::headers, "", 10);
  failure.timed_out = true;
  EXPECT_EQ(said(failure), "transient/none/no");
  failure.bytes_sent = 0;
  failure.stage = Stage::connect;
  EXPECT_EQ(said(failure), "transient/retry/yes");
}

TEST(Classify, SM_23_a_stream_of_the_server_that_breaks_off_is_resumed) {
  auto failure = broken(Stage::body, "end of file", 10);
  failure.phase = Phase::get_stream;
  EXPECT_EQ(said(failure), "transient/resume/yes");
}

TEST(Classify, every_shape_of_a_body_is_read) {
  for (const auto* body : {
           "Unknown session\r\n",
           "\xEF\xBB\xBF\"Unknown session\"",
           R"({"error":"Unknown session"})",
           R"({"detail":"Unknown session"})",
           R"({"error":"Bad Request","message":"Unknown session"})",
           R"({"error":{"message":"Unknown session"}})",
           R"({"error":{"code":"UNKNOWN_SESSION"}})",
           R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Unknown session"}})",
           R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request","data":{"message":"Unknown session"}}})",
           R"({"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid Request","data":{"data":{"message":"Unknown session"}}}})",
           R"({"cause":null,"jsonRpcError":{"code":-32603,"message":"Unknown session"},"message":"x"})",
           R"([{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Unknown session"}}])",
           R"({"title":"Unknown session","status":400})",
           "event: message\ndata: {\"error\":\"Unknown session\"}\n\n",
           "data: {\"error\":\"Unknown session\"}",
           ": hello\r\n\r\ndata: {\"error\":\"Unknown session\"}\r\n\r\n",
       }) {
    EXPECT_EQ(said(status(400, body)), gone) << body;
  }
  // What an application put into `data` counts only where the message says nothing.
  EXPECT_EQ(
      said(status(
          400, R"({"error":{"code":-32700,"message":"Parse error","data":"Unknown session"}})"
      )),
      "other/none/no"
  );
}

TEST(Classify, is_total) {
  const std::vector<std::string> bodies = {
      "",
      "{",
      "[",
      "\"",
      "<",
      "data:",
      "null",
      "{\"error\":1}",
      "{\"error\":{\"code\":1e9,\"message\":5}}",
      "[[]]",
      std::string(70'000, '['),
      std::string("\0\xFF\xFE", 3)
  };
  for (int phase = 0; phase <= static_cast<int>(Phase::end_session); ++phase) {
    for (const int code : {0,   100, 200, 202, 301, 400, 401, 403, 404, 405, 409,
                           410, 418, 422, 425, 429, 500, 502, 503, 504, 599, 999}) {
      for (const auto& body : bodies) {
        auto failure = status(code, body);
        failure.phase = static_cast<Phase>(phase);
        EXPECT_FALSE(classify(failure).reason.empty());
      }
    }
  }
}

}  // namespace
}  // namespace mooring::recovery
