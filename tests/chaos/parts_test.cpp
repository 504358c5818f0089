#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chaos/answers.hpp"
#include "chaos/event_splitter.hpp"
#include "chaos/virtual_sessions.hpp"

namespace mooring::chaos {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const ExpiryDialect& dialect(std::string_view name) { return *find_expiry_dialect(name); }

TEST(VirtualSessions, StandForTheUpstreamsUntilForgotten) {
  core::SeededRandom random(1);
  VirtualSessions sessions(random);
  const auto one = sessions.id_for("u1");
  const auto two = sessions.id_for("u2");
  EXPECT_NE(one, two);
  EXPECT_EQ(sessions.id_for("u1"), one) << "the same session keeps its id";
  EXPECT_EQ(*sessions.upstream_id(one), "u1");
  EXPECT_EQ(sessions.upstream_id("u1"), nullptr) << "the upstream's own id means nothing here";
  sessions.forget(one, dialect("go-404-text"));
  EXPECT_EQ(sessions.upstream_id(one), nullptr);
  EXPECT_EQ(sessions.forgotten(one), &dialect("go-404-text"));
  EXPECT_EQ(sessions.forgotten(two), nullptr);
  EXPECT_NE(sessions.id_for("u1"), one) << "nothing brings a forgotten id back";
  EXPECT_EQ(sessions.begun(), 3U);
}

TEST(VirtualSessions, AllAtOnce) {
  core::SeededRandom random(1);
  VirtualSessions sessions(random);
  const auto one = sessions.id_for("u1");
  const auto two = sessions.id_for("u2");
  EXPECT_EQ(sessions.forget_all(dialect("ts-404")), 2U);
  EXPECT_EQ(sessions.forget_all(dialect("ts-404")), 0U);
  EXPECT_NE(sessions.forgotten(one), nullptr);
  EXPECT_NE(sessions.forgotten(two), nullptr);
}

TEST(VirtualSessions, AClosedOneIsTheUpstreamsBusiness) {
  core::SeededRandom random(1);
  VirtualSessions sessions(random);
  const auto id = sessions.id_for("u1");
  sessions.end(id);
  EXPECT_EQ(sessions.upstream_id(id), nullptr);
  EXPECT_EQ(sessions.forgotten(id), nullptr);
}

TEST(VirtualSessions, TheOldestForgottenOnesAreForgottenAltogether) {
  core::SeededRandom random(1);
  VirtualSessions sessions(random);
  const auto first = sessions.dead_id(dialect("ts-404"));
  const auto second = sessions.dead_id(dialect("ts-404"));
  for (int i = 0; i < 9'999; ++i) sessions.dead_id(dialect("ts-404"));
  EXPECT_EQ(sessions.forgotten(first), nullptr);
  EXPECT_NE(sessions.forgotten(second), nullptr);
}

TEST(EventSplitter, EventsComeBackByteForByte) {
  const std::string stream =
      ": hello\n\nid: 1\ndata: \n\nevent: message\r\ndata: {\"a\":1}\r\n\r\ndata: x\rdata: "
      "y\r\rdata: z\n\n";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    EventSplitter splitter;
    std::vector<std::string> events;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      splitter.feed(std::string_view(stream).substr(at, step));
      while (auto event = splitter.next()) events.push_back(*event);
    }
    EXPECT_THAT(
        events, ElementsAre(
                    ": hello\n\n", "id: 1\ndata: \n\n", "event: message\r\ndata: {\"a\":1}\r\n\r\n",
                    "data: x\rdata: y\r\r", "data: z\n\n"
                )
    ) << step;
    EXPECT_EQ(splitter.rest(), "");
  }
}

TEST(EventSplitter, KnowsItsData) {
  EXPECT_EQ(data_of(": hello\n\n"), "");
  EXPECT_EQ(data_of("id: 1\ndata: \n\n"), "");
  EXPECT_EQ(data_of("event: message\nid: 4\ndata: {}\n\n"), "{}");
  EXPECT_EQ(
      with_data("event: note\nid: 4\ndata: {}\n\n", "[]"), "event: note\nid: 4\ndata: []\n\n"
  );
}

TEST(Answers, AWrongIdIsNobodys) {
  EXPECT_EQ(
      with_wrong_id(R"({"jsonrpc":"2.0","id":7,"result":{"x":1}})", "7"),
      R"({"jsonrpc":"2.0","id":"id-of-no-request","result":{"x":1}})"
  );
  EXPECT_EQ(with_wrong_id(R"({"jsonrpc":"2.0","id":8,"result":{}})", "7"), std::nullopt);
  EXPECT_EQ(with_wrong_id(R"({"jsonrpc":"2.0","id":7,"method":"ping"})", "7"), std::nullopt);
  EXPECT_EQ(with_wrong_id("nonsense", "7"), std::nullopt);
}

std::string header(const OwnAnswer& answer, std::string_view name) {
  for (const auto& field : answer.headers) {
    if (field.name == name) return field.value;
  }
  return {};
}

OwnAnswer answer_of(std::string_view fault) {
  return own_answer(parse_fault(fault).value(), "dead");
}

TEST(Answers, OfTheProxyItself) {
  EXPECT_EQ(answer_of("401").status, 401);
  EXPECT_THAT(header(answer_of("401"), "WWW-Authenticate"), StartsWith("Bearer error="));
  EXPECT_EQ(header(answer_of("401:challenge=no"), "WWW-Authenticate"), "");
  EXPECT_EQ(answer_of("429").status, 429);
  EXPECT_EQ(header(answer_of("429:retry-after=3s"), "Retry-After"), "3");
  EXPECT_EQ(header(answer_of("429:retry-after=1500ms"), "Retry-After"), "2") << "never too early";
  EXPECT_EQ(answer_of("5xx:status=502").status, 502);
  EXPECT_EQ(header(answer_of("5xx"), "Retry-After"), "");
  EXPECT_EQ(header(answer_of("5xx:retry-after=4s"), "Retry-After"), "4");
  EXPECT_EQ(header(answer_of("html"), "Content-Type"), "text/html");
  EXPECT_EQ(header(answer_of("garbage"), "Content-Type"), "application/json");
  EXPECT_EQ(answer_of("error-session:status=404").status, 404);
  EXPECT_EQ(header(answer_of("error-session"), "Mcp-Session-Id"), "dead");
  EXPECT_THAT(answer_of("error-session").body, HasSubstr("\"error\""));
}

}  // namespace
}  // namespace mooring::chaos
