#include "protocol/sse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace mooring::protocol {
namespace {

/// An event in one readable string: "event|data|id|retry", '-' for what is absent.
std::string shown(const SseEvent& event) {
  return event.event + "|" + (event.has_data ? event.data : "-") + "|" + event.id.value_or("-") +
         "|" + (event.retry_ms ? std::to_string(*event.retry_ms) : "-");
}

using Shown = std::vector<std::string>;

void drain(SseDecoder& decoder, Shown& out) {
  while (auto event = decoder.next()) out.push_back(shown(*event));
}

const std::vector<std::pair<std::string, Shown>> rows = {
    {"data: a\n\n", {"message|a|-|-"}},
    {"data:a\n\n", {"message|a|-|-"}},
    {"data:  a\n\n", {"message| a|-|-"}},
    {"data: a\r\n\r\n", {"message|a|-|-"}},
    {"data: a\r\r", {"message|a|-|-"}},
    {"data: a\r\n\n", {"message|a|-|-"}},
    {"data: a\n\r\n", {"message|a|-|-"}},
    {"data: a\n\rdata: b\n\n", {"message|a|-|-", "message|b|-|-"}},
    {"data: a\r\n\r\ndata: b\r\n\r\n", {"message|a|-|-", "message|b|-|-"}},
    {"data: a\ndata: b\ndata\ndata:\n\n", {"message|a\nb\n\n|-|-"}},
    {"data\n\n", {"message||-|-"}},
    {"data:\n\n", {"message||-|-"}},
    {"id: 7\ndata: \n\n", {"message||7|-"}},
    {"id: 7\nretry: 250\ndata:\n\n", {"message||7|250"}},
    {"id: 7\n\n", {"message|-|7|-"}},
    {"id\ndata: x\n\n", {"message|x||-"}},
    {"id: a\0b\ndata: x\n\n", {"message|x|-|-"}},
    {"retry: 3000\n\n", {"message|-|-|3000"}},
    {"retry: x\nretry: -1\nretry: 1.5\nretry:\nretry: 99999999999\ndata: a\n\n", {"message|a|-|-"}},
    {"event: endpoint\ndata: /m?x=1\n\n", {"endpoint|/m?x=1|-|-"}},
    {"event: a\n\ndata: b\n\n", {"message|b|-|-"}},
    {": comment\n\n:\n\ndata: a\n: between\ndata: b\n\n", {"message|a\nb|-|-"}},
    {"\xEF\xBB\xBF"
     "data: a\n\n\xEF\xBB\xBF"
     "data: b\n\n",
     {"message|a|-|-"}},
    {"unknown: x\nDATA: y\ndat: z\n\n", {}},
    {"\n\n\n\r\n\r", {}},
    {"data: unfinished\n", {}},
    {"data: done\n\ndata: unfinished", {"message|done|-|-"}},
    {"data: a:b: c\n\n", {"message|a:b: c|-|-"}},
    {"data: {\"t\":\"grüße 🚢\"}\nid: 1_2\nevent: message\n\n",
     {"message|{\"t\":\"grüße 🚢\"}|1_2|-"}},
};

TEST(Sse, decodes_wherever_the_bytes_are_cut) {
  for (const auto& [given, expected] : rows) {
    // The row with NUL was cut by its literal.
    const std::string bytes = given == "id: a" ? std::string("id: a\0b\ndata: x\n\n", 17) : given;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      SseDecoder decoder(1000);
      Shown out;
      ASSERT_TRUE(decoder.feed(std::string_view(bytes).substr(0, cut)));
      drain(decoder, out);
      ASSERT_TRUE(decoder.feed(std::string_view(bytes).substr(cut)));
      drain(decoder, out);
      ASSERT_EQ(out, expected) << bytes << " cut at " << cut;
    }
    SseDecoder decoder(1000);
    Shown out;
    for (const char c : bytes) ASSERT_TRUE(decoder.feed(std::string_view(&c, 1)));
    drain(decoder, out);
    EXPECT_EQ(out, expected) << bytes;
  }
}

TEST(Sse, an_event_is_told_as_soon_as_its_last_line_break_came) {
  SseDecoder decoder(1000);
  EXPECT_TRUE(decoder.feed("data: a\r\n\r"));
  EXPECT_TRUE(decoder.next());
  EXPECT_TRUE(decoder.feed("\ndata: b\n\n"));
  EXPECT_EQ(decoder.next()->data, "b");
  EXPECT_FALSE(decoder.next());
}

TEST(Sse, last_event_id_is_that_of_the_last_complete_event) {
  SseDecoder decoder(1000);
  EXPECT_EQ(decoder.last_event_id(), "");
  decoder.feed("id: 1\ndata: a\n\ndata: b\n\n");
  EXPECT_EQ(decoder.last_event_id(), "1");
  decoder.feed("id: 2\ndata: c\n");
  EXPECT_EQ(decoder.last_event_id(), "1") << "an event that was cut off must be sent again";
  decoder.feed("\n");
  EXPECT_EQ(decoder.last_event_id(), "2");
  decoder.feed("id:\n\n");
  EXPECT_EQ(decoder.last_event_id(), "");
}

TEST(Sse, an_event_over_the_limit_ends_it) {
  const std::string fits = "data: " + std::string(100, 'x') + "\n\n";
  SseDecoder decoder(100);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(decoder.feed(fits + fits + fits));
  EXPECT_FALSE(decoder.feed("data: " + std::string(120, 'x')));
  EXPECT_FALSE(decoder.feed("\n\ndata: a\n\n"));
  Shown out;
  drain(decoder, out);
  EXPECT_EQ(out.size(), 30U);

  SseDecoder many_lines(100);
  bool ok = true;
  for (int i = 0; i < 30 && ok; ++i) ok = many_lines.feed("data: 12345678\n");
  EXPECT_FALSE(ok);

  SseDecoder whole(100);
  EXPECT_FALSE(whole.feed("data: " + std::string(200, 'x') + "\n\n"));

  SseDecoder endless_comment(100);
  ok = true;
  for (int i = 0; i < 300 && ok; ++i) ok = endless_comment.feed(":");
  EXPECT_FALSE(ok);
}

TEST(Sse, empty_data_lines_count_towards_the_limit) {
  SseDecoder decoder(100);
  bool ok = true;
  for (int i = 0; i < 1000 && ok; ++i) ok = decoder.feed("data\n");
  EXPECT_FALSE(ok);
}

TEST(Sse, encodes) {
  EXPECT_EQ(encode_sse("{}"), "data: {}\n\n");
  EXPECT_EQ(encode_sse("{}", "5"), "id: 5\ndata: {}\n\n");
  EXPECT_EQ(encode_sse("/m", {}, "endpoint"), "event: endpoint\ndata: /m\n\n");
  EXPECT_EQ(encode_sse("{}", {}, "message"), "data: {}\n\n");
  EXPECT_EQ(encode_sse("a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(encode_sse("a\n"), "data: a\ndata: \n\n");
  EXPECT_EQ(encode_sse(""), "data: \n\n");
  EXPECT_EQ(encode_sse("x", "1\ndata: evil"), "id: 1\ndata: x\n\n");
  EXPECT_EQ(encode_sse_priming("9", std::nullopt), "id: 9\ndata: \n\n");
  EXPECT_EQ(encode_sse_priming("9", 500), "id: 9\nretry: 500\ndata: \n\n");
}

TEST(Sse, what_is_encoded_is_decoded) {
  for (const std::string data : {"", "x", "a\nb", "\n", " lead", ":", "{\"a\":1}\n\n"}) {
    SseDecoder decoder(1000);
    ASSERT_TRUE(decoder.feed(encode_sse(data, "id 1", "tick")));
    const auto event = decoder.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->data, data);
    EXPECT_EQ(event->id, "id 1");
    EXPECT_EQ(event->event, "tick");
  }
  SseDecoder decoder(1000);
  decoder.feed(encode_sse_priming("p", 10));
  const auto priming = decoder.next();
  EXPECT_TRUE(priming->has_data);
  EXPECT_EQ(priming->data, "");
  EXPECT_EQ(priming->retry_ms, 10);
}

}  // namespace
}  // namespace mooring::protocol
