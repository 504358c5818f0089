#include "transport/incoming.hpp"

#include <gtest/gtest.h>

#include "transport/http_body.hpp"
#include "transport/http_evidence.hpp"

namespace mooring::transport {
namespace {

TEST(Incoming, a_batch_with_junk_in_it_keeps_the_messages) {
  auto messages = parse_messages(R"([1,{"jsonrpc":"2.0","id":1,"result":{}},{"a":2}])");
  ASSERT_TRUE(messages.has_value());
  ASSERT_EQ(messages->size(), 1U);
  EXPECT_TRUE(answers(messages->front(), "1"));
  EXPECT_FALSE(answers(messages->front(), "\"1\""));
  EXPECT_FALSE(parse_messages("[1]").has_value());
  EXPECT_FALSE(parse_messages("[]").has_value());
  EXPECT_FALSE(parse_messages("").has_value());
}

TEST(Incoming, excerpts_are_printable_short_and_whole_characters) {
  EXPECT_EQ(excerpt("  <!doctype\r\n\thtml>\x01 "), "<!doctype html>");
  EXPECT_EQ(excerpt("abcdef", 3), "abc…");
  EXPECT_EQ(excerpt("abüü", 3), "ab…");
  EXPECT_EQ(excerpt("abü", 4), "abü");
  EXPECT_EQ(excerpt("a\xff{ \xc3"), "a\uFFFD{ \uFFFD");
  EXPECT_EQ(excerpt("a\xff{x", 3), "a\uFFFD{…");
}

TEST(Incoming, media_types) {
  EXPECT_EQ(media_type("Text/Event-Stream; charset=utf-8"), "text/event-stream");
  EXPECT_TRUE(is_json("application/problem+json"));
  EXPECT_TRUE(is_json("application/json;charset=UTF-8"));
  EXPECT_FALSE(is_json("text/plain"));
}

TEST(Incoming, events_are_recognised_under_a_wrong_type) {
  EXPECT_TRUE(looks_like_events("data: {}", ""));
  EXPECT_TRUE(looks_like_events("\xef\xbb\xbf: hi", "text/plain"));
  EXPECT_FALSE(looks_like_events("data: {}", "application/json"));
  EXPECT_FALSE(looks_like_events("data: {}", "text/html"));
  EXPECT_FALSE(looks_like_events("{\"id:\":1}", ""));
}

TEST(Incoming, which_statuses_say_that_there_is_no_stream) {
  for (const int status : {200, 405, 501}) EXPECT_FALSE(offers_stream(status, true)) << status;
  for (const int status : {400, 404, 406}) {
    EXPECT_FALSE(offers_stream(status, false)) << status;
    EXPECT_TRUE(offers_stream(status, true)) << status;
  }
  EXPECT_TRUE(offers_stream(401, false));
  EXPECT_TRUE(offers_stream(503, false));
}

}  // namespace
}  // namespace mooring::transport
