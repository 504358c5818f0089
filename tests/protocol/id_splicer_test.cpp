#include "protocol/id_splicer.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mooring::protocol {
namespace {

/// The output for input that comes in pieces cut at `first` and `second`; nothing when it is
/// refused.
std::optional<std::string> spliced(
    const std::string& in, std::size_t first, std::size_t second, bool& complete
) {
  IdSplicer splicer("\"new\"");
  std::string out;
  bool ok = splicer.feed(std::string_view(in).substr(0, first), out);
  ok = ok && splicer.feed(std::string_view(in).substr(first, second - first), out);
  ok = ok && splicer.feed(std::string_view(in).substr(second), out);
  complete = splicer.complete();
  return ok ? std::optional(out) : std::nullopt;
}

const std::vector<std::pair<std::string, std::string>> rows = {
    {R"({"id":1,"jsonrpc":"2.0","result":{}})", R"({"id":"new","jsonrpc":"2.0","result":{}})"},
    {R"({"jsonrpc":"2.0","id":"old","result":{}})", R"({"jsonrpc":"2.0","id":"new","result":{}})"},
    {R"({"jsonrpc":"2.0","result":{"id":5,"a":[{"id":6}]},"id":-17})",
     R"({"jsonrpc":"2.0","result":{"id":5,"a":[{"id":6}]},"id":"new"})"},
    {R"({"id" : 1.5e3 , "x":1})", R"({"id" : "new" , "x":1})"},
    {R"({"\u0069d":1})", R"({"\u0069d":"new"})"},
    {R"({"i\u0064":1})", R"({"i\u0064":"new"})"},
    {R"({"\u0069\u0064":null})", R"({"\u0069\u0064":"new"})"},
    {R"({"\\u0069d":1,"id":2})", R"({"\\u0069d":1,"id":"new"})"},
    {R"({"idx":1,"Id":2,"i":3,"":4,"id":5})", R"({"idx":1,"Id":2,"i":3,"":4,"id":"new"})"},
    {R"({"a":"\"id\":1,{","id":"a\"b\\"})", R"({"a":"\"id\":1,{","id":"new"})"},
    {R"({"a":["}","\\","]\""],"id":[1,{"x":"]"}],"b":true})",
     R"({"a":["}","\\","]\""],"id":"new","b":true})"},
    {"{\n \"a\" :\r\n1 ,\n\t\"b\":[\n1,\n2],\"id\":\n3\n}\n",
     "{  \"a\" :  1 , \t\"b\":[ 1, 2],\"id\": \"new\" }"},
    {R"({"a":"grüße \ud83d\udea2 🚢","id":1})", R"({"a":"grüße \ud83d\udea2 🚢","id":"new"})"},
    {R"(  {"id":1})", R"({"id":"new"})"},
    {R"({"id":1,"id":2})", R"({"id":"new","id":"new"})"},
    {R"({"a":"\n\\","b":{"c":"\\\""},"id":0})", R"({"a":"\n\\","b":{"c":"\\\""},"id":"new"})"},
};

TEST(IdSplicer, replaces_the_id_wherever_it_stands_and_wherever_the_bytes_are_cut) {
  for (const auto& [in, expected] : rows) {
    for (std::size_t first = 0; first <= in.size(); ++first) {
      for (std::size_t second = first; second <= in.size(); second += in.size() < 40 ? 1 : 7) {
        bool complete = false;
        const auto out = spliced(in, first, second, complete);
        ASSERT_TRUE(out) << in << " cut at " << first << ", " << second;
        ASSERT_EQ(*out, expected) << "cut at " << first << ", " << second;
        ASSERT_TRUE(complete) << in;
      }
    }
  }
}

TEST(IdSplicer, byte_by_byte) {
  for (const auto& [in, expected] : rows) {
    IdSplicer splicer("\"new\"");
    std::string out;
    for (const char c : in) ASSERT_TRUE(splicer.feed(std::string_view(&c, 1), out)) << in;
    EXPECT_EQ(out, expected);
    EXPECT_TRUE(splicer.complete());
  }
}

TEST(IdSplicer, is_not_complete_before_the_end_or_without_an_id) {
  for (const std::string in :
       {"", "{", R"({"id":1)", R"({"id":1,)", R"({"id":1,"a":"})", "{}", R"({"a":{"id":1}})"}) {
    IdSplicer splicer("1");
    std::string out;
    EXPECT_TRUE(splicer.feed(in, out)) << in;
    EXPECT_FALSE(splicer.complete()) << in;
  }
}

TEST(IdSplicer, refuses_what_is_not_one_object) {
  for (const std::string in : {
           "[",
           "1",
           "\"a\"",
           "x{}",
           R"({"id":1}{)",
           R"({"id":1}x)",
           R"({"id":1}})",
           "{,",
           "{1",
           R"({"a"1)",
           R"({"a":1,})",
           R"({"a":})",
           R"({"a":,)",
           R"({"a"::)",
           R"({"a":1]})",
           R"({"a":1"b")",
           R"({"a":"x" "b")",
           "{\"a\":\"x\ny\"",
           "{\"a\nb\":1",
           "{\"a\":[\"x\n\"]",
           R"({"a":1{)",
           R"({"a":{}}})",
       }) {
    for (std::size_t cut = 0; cut <= in.size(); ++cut) {
      IdSplicer splicer("1");
      std::string out;
      const bool ok = splicer.feed(std::string_view(in).substr(0, cut), out) &&
                      splicer.feed(std::string_view(in).substr(cut), out);
      EXPECT_FALSE(ok) << in << " cut at " << cut;
      EXPECT_FALSE(splicer.complete()) << in;
      EXPECT_FALSE(splicer.feed(" ", out)) << "stays broken: " << in;
    }
  }
}

TEST(IdSplicer, depth_is_bounded) {
  IdSplicer splicer("1");
  std::string out;
  EXPECT_FALSE(splicer.feed("{\"a\":" + std::string(20'000, '['), out));
}

TEST(IdSplicer, long_keys_and_values_flow_through) {
  const std::string text(300'000, 'k');
  IdSplicer splicer("7");
  std::string out;
  EXPECT_TRUE(splicer.feed("{\"" + text, out));
  EXPECT_GT(out.size(), text.size()) << "nothing is held back";
  EXPECT_TRUE(splicer.feed("\":\"" + text + "\",\"id\":\"" + text, out));
  EXPECT_TRUE(splicer.feed("\"}", out));
  EXPECT_EQ(out, "{\"" + text + "\":\"" + text + "\",\"id\":7}");
}

}  // namespace
}  // namespace mooring::protocol
