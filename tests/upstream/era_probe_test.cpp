#include "upstream/era_probe.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::upstream {
namespace {

using What = EraVerdict::What;
using recovery::Delivery;
using recovery::Failure;
using recovery::Stage;

transport::Outcome answered(std::string_view member) {
  transport::Outcome outcome;
  auto frame = protocol::Frame::parse(fmt::format(R"({{"jsonrpc":"2.0","id":1,{}}})", member));
  EXPECT_TRUE(frame) << member;
  outcome.response = std::move(*frame);
  return outcome;
}
transport::Outcome discovered(std::string_view result) {
  return answered(fmt::format(R"("result":{})", result));
}
std::string error(int code, std::string_view data = {}) {
  return fmt::format(
      R"("error":{{"code":{},"message":"no"{}{}}})", code, data.empty() ? "" : R"(,"data":)", data
  );
}
transport::Outcome failed(Failure failure) {
  transport::Outcome outcome;
  outcome.failure = std::move(failure);
  return outcome;
}
/// The complete answer to a request without a session.
transport::Outcome status(int status, std::string body = {}) {
  Failure failure;
  failure.delivery = Delivery::refused;
  failure.http_status = status;
  failure.body = std::move(body);
  return failed(std::move(failure));
}
/// …that holds a JSON-RPC error.
transport::Outcome rpc(int http_status, int code, std::string_view data = {}) {
  return status(http_status, fmt::format(R"({{"jsonrpc":"2.0","id":1,{}}})", error(code, data)));
}
transport::Outcome broken(Stage stage, Delivery delivery = Delivery::unknown) {
  Failure failure;
  failure.delivery = delivery;
  failure.stage = stage;
  failure.error = "broken";
  return failed(std::move(failure));
}
transport::Outcome timed_out() {
  Failure failure;
  failure.delivery = Delivery::unknown;
  failure.timed_out = true;
  return failed(std::move(failure));
}
transport::Outcome given_up() {
  Failure failure;
  failure.delivery = Delivery::unknown;
  failure.aborted = true;
  return failed(std::move(failure));
}

void expect_all(
    std::initializer_list<std::pair<std::string_view, transport::Outcome>> rows, What wanted,
    bool over_stdio
) {
  for (const auto& [name, outcome] : rows) {
    EXPECT_EQ(static_cast<int>(read_probe(outcome, over_stdio).what), static_cast<int>(wanted))
        << name << (over_stdio ? " over stdio" : " over HTTP");
  }
}

/// protocol.md §7.1 and §7.2: what an answer says, however it came.
TEST(EraProbe, answers) {
  for (const bool stdio : {false, true}) {
    const auto modern = [&](std::string_view name, std::string_view result) {
      EXPECT_EQ(read_probe(discovered(result), stdio).what, What::modern) << name;
    };
    modern("ours alone", R"({"supportedVersions":["2026-07-28"],"capabilities":{}})");
    modern("ours among later ones", R"({"supportedVersions":["2030-01-01","2026-07-28"]})");
    modern("ours among earlier ones", R"({"supportedVersions":["2025-11-25","2026-07-28"]})");
    modern("escaped", R"({"supportedVersions":["2026\u002d07-28"]})");

    for (const std::string_view result :
         {"{}", R"({"capabilities":{}})", R"({"protocolVersion":"2025-11-25","capabilities":{}})",
          R"({"supportedVersions":"2026-07-28"})", R"({"supportedVersions":[]})",
          R"({"supportedVersions":null})", R"({"supportedVersions":{"2026-07-28":1}})",
          R"({"supportedVersions":["2026-07-28",7]})", R"({"supportedVersions":["2025-11-25"]})",
          R"({"supportedVersions":["2025-11-25","2099-01-01"]})", "[]", "null", "7",
          R"("2026-07-28")"}) {
      EXPECT_EQ(read_probe(discovered(result), stdio).what, What::legacy) << result;
    }

    const auto later = read_probe(discovered(R"({"supportedVersions":["2030-01-01","x"]})"), stdio);
    EXPECT_EQ(later.what, What::incompatible);
    EXPECT_NE(later.why.find("2030-01-01"), std::string::npos) << later.why;
  }
}

TEST(EraProbe, what_a_modern_server_says_of_itself_is_read) {
  const auto verdict = read_probe(
      discovered(
          R"({"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},
            "instructions":"be kind","serverInfo":{"name":"old place"},
            "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2"}}})"
      ),
      false
  );
  ASSERT_EQ(verdict.what, What::modern);
  EXPECT_TRUE(verdict.server.modern());
  EXPECT_EQ(verdict.server.protocol_version, "2026-07-28");
  EXPECT_TRUE(verdict.server.has("tools", "listChanged"));
  EXPECT_EQ(verdict.server.instructions, "be kind");
  EXPECT_EQ(verdict.server.info, R"({"name":"s","version":"2"})");
}

TEST(EraProbe, an_error_that_names_versions) {
  struct Row {
    std::string_view data;
    What wanted;
  };
  const auto rows = std::to_array<Row>({
      {R"({"supported":["2026-07-28"],"requested":"2026-07-28"})", What::again},
      {R"({"supported":["2025-11-25","2026-07-28"]})", What::again},
      {R"({"supported":["2030-01-01"]})", What::incompatible},
      {R"({"supported":["2030-01-01","2025-11-25"]})", What::legacy},
      {R"({"supported":["2025-06-18","2025-11-25"]})", What::legacy},
      {R"({"supported":[]})", What::legacy},
      {R"({"supported":["2026-07-28",null]})", What::legacy},
      {R"({"supported":"2026-07-28"})", What::legacy},
      {R"({"other":1})", What::legacy},
      {R"("2026-07-28")", What::legacy},
      {"null", What::legacy},
      {"", What::legacy},
  });
  for (const auto& row : rows) {
    for (const bool stdio : {false, true}) {
      EXPECT_EQ(read_probe(answered(error(-32022, row.data)), stdio).what, row.wanted) << row.data;
    }
    EXPECT_EQ(read_probe(rpc(400, -32022, row.data), false).what, row.wanted) << row.data;
  }
}

TEST(EraProbe, any_other_error_is_of_a_legacy_server) {
  for (const int code :
       {-32601, -32600, -32602, -32603, -32700, -32000, -32001, -32002, -32020, -32021, -32023, 0, 1
       }) {
    for (const bool stdio : {false, true})
      EXPECT_EQ(read_probe(answered(error(code)), stdio).what, What::legacy) << code;
    for (const int http : {400, 404, 405, 422})
      EXPECT_EQ(read_probe(rpc(http, code), false).what, What::legacy) << http << ' ' << code;
  }
}

TEST(EraProbe, an_answer_without_words_of_its_own) {
  expect_all(
      {{"400", status(400)},
       {"400 text", status(400, "Bad Request: Server not initialized")},
       {"400 html", status(400, "<html>no</html>")},
       {"404", status(404)},
       {"405", status(405)},
       {"406", status(406, R"({"error":"Not Acceptable"})")},
       {"415", status(415)},
       {"422", status(422)},
       {"202 without a body", status(202)},
       {"200 that is no JSON-RPC", status(200, "hello")}},
      What::legacy, false
  );
}

TEST(EraProbe, credentials_and_trouble_are_no_verdict) {
  expect_all(
      {{"401", status(401)},
       {"401 in JSON-RPC", rpc(401, -32001)},
       {"401 that names versions", rpc(401, -32022, R"({"supported":["2026-07-28"]})")},
       {"403", status(403)},
       {"403 in JSON-RPC", rpc(403, -32601)},
       {"408", status(408)},
       {"425", status(425)},
       {"429", rpc(429, -32603)},
       {"500", status(500)},
       {"500 in JSON-RPC", rpc(500, -32603)},
       {"502", status(502)},
       {"503", status(503, "<html>busy</html>")},
       {"504", status(504)},
       {"refused", broken(Stage::connect, Delivery::not_sent)},
       {"reset", broken(Stage::headers)},
       {"tls", broken(Stage::tls, Delivery::not_sent)},
       {"silence", timed_out()},
       {"given up", given_up()}},
      What::no_verdict, false
  );
}

/// Some servers die of a request that comes before `initialize`, others do not answer it.
TEST(EraProbe, silence_and_death_over_stdio) {
  expect_all(
      {{"died", broken(Stage::process)},
       {"died before it read", broken(Stage::process, Delivery::not_sent)},
       {"silence", timed_out()}},
      What::legacy, true
  );
  expect_all({{"given up", given_up()}}, What::no_verdict, true);
}

}  // namespace
}  // namespace mooring::upstream
