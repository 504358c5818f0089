#include "protocol/json_scan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace mooring::protocol {
namespace {

TEST(JsonScan, member) {
  const std::string object =
      R"( { "a" : 1 , "b":{"a":2,"x":"}]"}, "\u0063" : [1,{"d":3}] ,"e":"\"}" , "a":4 } )";
  EXPECT_EQ(member(object, "a"), "4");
  EXPECT_EQ(member(object, "b"), R"({"a":2,"x":"}]"})");
  EXPECT_EQ(member(object, "c"), R"([1,{"d":3}])");
  EXPECT_EQ(member(object, "e"), R"("\"}")");
  EXPECT_EQ(member(object, "d"), std::nullopt);
  EXPECT_EQ(member(object, "x"), std::nullopt);
  EXPECT_EQ(member("{}", "a"), std::nullopt);
  EXPECT_EQ(member("[1]", "a"), std::nullopt);
  EXPECT_EQ(member("null", "a"), std::nullopt);
  EXPECT_EQ(member("", "a"), std::nullopt);
  EXPECT_EQ(member(R"({"":1})", ""), "1");
}

TEST(JsonScan, visitors_go_in_order_and_stop_when_told) {
  std::string seen;
  for_each_member(
      R"({"a":1, "b" : [2,3] ,"c":"x"})",
      [&](std::string_view key, std::string_view value) {
        seen.append(key).append("=").append(value).append(";");
        return key != "\"b\"";
      }
  );
  EXPECT_EQ(seen, R"("a"=1;"b"=[2,3];)");
  seen.clear();
  for_each_element(R"( [ 1 , "a,]" ,{"x":[1]}, [] ,null] )", [&](std::string_view value) {
    seen.append(value).append(";");
    return true;
  });
  EXPECT_EQ(seen, R"(1;"a,]";{"x":[1]};[];null;)");
  for_each_element("[ ]", [](std::string_view) {
    ADD_FAILURE();
    return true;
  });
  for_each_element("{}", [](std::string_view) {
    ADD_FAILURE();
    return true;
  });
}

TEST(JsonScan, kinds) {
  EXPECT_TRUE(is_string("\"\""));
  EXPECT_TRUE(is_object("{}"));
  EXPECT_TRUE(is_array("[]"));
  EXPECT_TRUE(is_null("null"));
  EXPECT_TRUE(is_true("true"));
  EXPECT_FALSE(is_true("false"));
  EXPECT_FALSE(is_null("0"));
  EXPECT_FALSE(is_string(""));
}

TEST(JsonScan, unescape) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {R"("")", ""},
      {R"("a\"b\\c\/d")", "a\"b\\c/d"},
      {R"("\b\f\n\r\t")", "\b\f\n\r\t"},
      {R"("\u0041\u00e9\u20AC")", "Aé€"},
      {R"("\ud83d\udea2!")", "🚢!"},
      {R"("\ud83d")", "\uFFFD"},
      {R"("\ud83dx")", "\uFFFDx"},
      {R"("\ud83d\u0041")", "\uFFFDA"},
      {R"("\udea2")", "\uFFFD"},
      {R"("\u0000")", std::string(1, '\0')},
      {"12", ""},
      {"", ""},
  };
  for (const auto& [raw, text] : table) EXPECT_EQ(unescape(raw), text) << raw;
}

TEST(JsonScan, quote_and_unescape_are_inverse) {
  std::string every;
  for (int c = 0; c < 128; ++c) every += static_cast<char>(c);
  every += "äöü€🚢";
  EXPECT_EQ(unescape(quote(every)), every);
  EXPECT_EQ(validate(quote(every)), std::nullopt);
  EXPECT_EQ(string_member(R"({"a":"x\ny"})", "a"), "x\ny");
  EXPECT_EQ(string_member(R"({"a":1})", "a"), "");
}

TEST(JsonScan, with_member) {
  EXPECT_EQ(with_member("{}", "a", "1"), R"({"a":1})");
  EXPECT_EQ(with_member("{ }", "a", "1"), R"({"a":1 })");
  EXPECT_EQ(with_member(R"({"b":2})", "a", "1"), R"({"b":2,"a":1})");
  EXPECT_EQ(with_member(R"({ "a" : [1] , "b":2})", "a", "{}"), R"({ "a" : {} , "b":2})");
  EXPECT_EQ(with_member(R"({"\u0061":1,"a":2})", "a", "3"), R"({"\u0061":3,"a":3})");
  EXPECT_EQ(with_member("", "a", "1"), R"({"a":1})");
  EXPECT_EQ(with_member("null", "q\"", "1"), R"({"q\"":1})");
}

TEST(JsonScan, without_member) {
  EXPECT_EQ(without_member(R"({"a":1,"b":2,"c":3})", "b"), R"({"a":1,"c":3})");
  EXPECT_EQ(without_member(R"({"a":1})", "a"), "{}");
  EXPECT_EQ(without_member(R"({"a":1,"\u0061":{"a":1},"c":3})", "a"), R"({"c":3})");
  EXPECT_EQ(without_member(R"({"c":3})", "a"), R"({"c":3})");
  EXPECT_EQ(without_member("{}", "a"), "{}");
}

TEST(JsonScan, one_line) {
  EXPECT_EQ(
      one_line("{\r\n  \"a\": 1,\n\n  \"b\": \"x\\ny\"\n}\n"), "{  \"a\": 1,  \"b\": \"x\\ny\"}"
  );
  EXPECT_EQ(one_line(""), "");
  EXPECT_EQ(one_line("1"), "1");
}

}  // namespace
}  // namespace mooring::protocol
