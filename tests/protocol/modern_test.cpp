#include "protocol/modern.hpp"

#include <gtest/gtest.h>

#include <string>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::protocol {
namespace {

Frame frame(std::string text) { return Frame::parse(std::move(text)).value(); }

constexpr std::string_view version = R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")";
constexpr std::string_view capabilities =
    R"("io.modelcontextprotocol/clientCapabilities":{"elicitation":{}})";

Frame request(std::string_view meta) {
  return frame(make_request("1", "tools/list", "{\"_meta\":{" + std::string(meta) + "}}"));
}

TEST(Modern, a_message_claims_the_era_by_naming_a_version) {
  EXPECT_TRUE(claims_modern(request(version)));
  EXPECT_TRUE(claims_modern(request(R"("io.modelcontextprotocol/protocolVersion":7)")));
  EXPECT_FALSE(claims_modern(request(R"("progressToken":1)")));
  EXPECT_FALSE(claims_modern(frame(make_request("1", "tools/list"))));
  EXPECT_FALSE(claims_modern(frame(make_request("1", "tools/list", R"({"_meta":"2026-07-28"})"))));
}

TEST(Modern, an_envelope_is_read_whole) {
  const auto read = read_envelope(request(
      std::string(version) + "," + std::string(capabilities) +
      R"(,"io.modelcontextprotocol/clientInfo":{"name":"n"},"io.modelcontextprotocol/logLevel":"error")"
  ));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->version, "2026-07-28");
  EXPECT_EQ(read->capabilities, R"({"elicitation":{}})");
  EXPECT_EQ(read->client_info, R"({"name":"n"})");
  EXPECT_EQ(read->log_level, "error");
}

TEST(Modern, what_an_envelope_lacks_is_named) {
  const auto missing = [](std::string_view meta) { return read_envelope(request(meta)).error(); };
  EXPECT_EQ(
      missing(capabilities), "Missing or invalid _meta io.modelcontextprotocol/protocolVersion"
  );
  EXPECT_EQ(
      missing(version), "Missing or invalid _meta io.modelcontextprotocol/clientCapabilities"
  );
  EXPECT_EQ(
      missing(std::string(version) + R"(,"io.modelcontextprotocol/clientCapabilities":[])"),
      "Missing or invalid _meta io.modelcontextprotocol/clientCapabilities"
  );
  const auto both = std::string(version) + "," + std::string(capabilities);
  EXPECT_EQ(
      missing(both + R"(,"io.modelcontextprotocol/clientInfo":"me")"),
      "Missing or invalid _meta io.modelcontextprotocol/clientInfo"
  );
  EXPECT_EQ(
      missing(both + R"(,"io.modelcontextprotocol/logLevel":"loud")"),
      "Missing or invalid _meta io.modelcontextprotocol/logLevel"
  );
}

TEST(Modern, an_envelope_is_put_on_and_taken_off) {
  const Envelope envelope{
      .version = "2026-07-28", .capabilities = R"({"roots":{}})", .client_info = {}, .log_level = {}
  };
  const auto put = with_envelope(R"({"name":"x","_meta":{"progressToken":1}})", envelope);
  const auto read = read_envelope(frame(make_request("1", "tools/call", put)));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->capabilities, R"({"roots":{}})");
  EXPECT_EQ(without_envelope(put), R"({"name":"x","_meta":{"progressToken":1}})");
  EXPECT_EQ(without_envelope(with_envelope("", envelope)), "{}");
  EXPECT_EQ(without_envelope(R"({"name":"x"})"), R"({"name":"x"})");
  EXPECT_EQ(without_envelope(""), "");
}

TEST(Modern, a_log_level_of_before_does_not_stay) {
  Envelope envelope;
  envelope.version = "2026-07-28";
  envelope.log_level = "debug";
  const auto loud = with_envelope("{}", envelope);
  envelope.log_level.clear();
  const auto silent = with_envelope(loud, envelope);
  EXPECT_EQ(read_envelope(frame(make_request("1", "tools/list", silent)))->log_level, "");
}

TEST(Modern, results_gain_what_the_era_wants) {
  EXPECT_EQ(
      as_modern_result("tools/call", R"({"content":[]})"),
      R"({"content":[],"resultType":"complete"})"
  );
  EXPECT_EQ(
      as_modern_result("tools/list", R"({"tools":[]})"),
      R"({"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"})"
  );
  const std::string_view whole =
      R"({"tools":[],"resultType":"complete","ttlMs":5,"cacheScope":"public"})";
  EXPECT_EQ(as_modern_result("tools/list", whole), whole);
  const std::string_view asks = R"({"resultType":"input_required","requestState":"s"})";
  EXPECT_EQ(as_modern_result("resources/read", asks), asks);
}

TEST(Modern, results_lose_it_for_the_legacy_era) {
  EXPECT_EQ(
      as_legacy_result(R"({"tools":[],"resultType":"complete","ttlMs":5,"cacheScope":"public"})"),
      R"({"tools":[]})"
  );
  EXPECT_EQ(as_legacy_result(R"({"tools":[]})"), R"({"tools":[]})");
}

TEST(Modern, methods) {
  EXPECT_EQ(name_param("tools/call"), "name");
  EXPECT_EQ(name_param("resources/read"), "uri");
  EXPECT_EQ(name_param("tasks/get"), "taskId");
  EXPECT_EQ(name_param("tools/list"), "");
  EXPECT_TRUE(is_cacheable("server/discover"));
  EXPECT_FALSE(is_cacheable("tools/call"));
  EXPECT_TRUE(is_removed("ping"));
  EXPECT_FALSE(is_removed("completion/complete"));
}

}  // namespace
}  // namespace mooring::protocol
