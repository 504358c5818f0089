#include "protocol/request_headers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "protocol/header_value.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::protocol {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

TEST(RequestHeaders, method_and_name_repeat_the_body) {
  struct Row {
    std::string_view method, params;
    std::optional<std::string> name;
  };
  const auto rows = std::to_array<Row>({
      {"tools/call", R"({"name":"echo","uri":"a:b","taskId":"t"})", "echo"},
      {"prompts/get", R"({"name":"hello there"})", "hello there"},
      {"resources/read", R"({"name":"x","uri":"file:///a?b=c#d"})", "file:///a?b=c#d"},
      {"tasks/get", R"({"name":"x","taskId":"t-1"})", "t-1"},
      {"tasks/update", R"({"taskId":"t-2"})", "t-2"},
      {"tasks/cancel", R"({"taskId":"t-3"})", "t-3"},
      {"tools/list", R"({"name":"x","cursor":"c"})", std::nullopt},
      {"server/discover", "{}", std::nullopt},
      {"subscriptions/listen", R"({"notifications":{}})", std::nullopt},
      {"completion/complete", R"({"ref":{"name":"p"}})", std::nullopt},
      // As the body says it once it is unescaped.
      {"tools/call", R"({"name":"a\u0062\/c"})", "ab/c"},
      // What is no plain header text.
      {"resources/read", R"({"uri":"a:\u00fc"})", "=?base64?YTrDvA==?="},
      {"tools/call", R"({"name":" blank"})", "=?base64?IGJsYW5r?="},
      {"tools/call", R"({"name":"a\r\nEvil: 1"})", "=?base64?YQ0KRXZpbDogMQ==?="},
      {"tools/call", R"({"name":"a\u0000b"})", "=?base64?YQBi?="},
      {"tools/call", R"({"name":"=?base64?YQ==?="})", "=?base64?PT9iYXNlNjQ/WVE9PT89?="},
  });
  for (const auto& row : rows) {
    const auto headers = request_headers(row.method, row.params);
    Headers wanted = {{"Mcp-Method", std::string(row.method)}};
    if (row.name) wanted.emplace_back("Mcp-Name", *row.name);
    EXPECT_EQ(headers, wanted) << row.method << ' ' << row.params;
  }
}

TEST(RequestHeaders, what_is_said_can_be_read_again) {
  for (const std::string name :
       {"echo", "größe", " x", "x ", "\t", "=?base64?eA==?=", "a\nb", ""}) {
    const auto headers = request_headers("tools/call", R"({"name":)" + quote(name) + "}");
    ASSERT_EQ(headers.size(), 2U);
    EXPECT_EQ(decode_header_value(headers[1].second), name) << headers[1].second;
  }
}

TEST(RequestHeaders, a_method_that_is_no_header_text_is_encoded) {
  EXPECT_EQ(request_headers("x/\n", "{}"), (Headers{{"Mcp-Method", "=?base64?eC8K?="}}));
}

constexpr std::string_view schema = R"({"type":"object","properties":{
    "s":{"type":"string","x-mcp-header":"S"},"i":{"type":"integer","x-mcp-header":"I"},
    "b":{"type":"boolean","x-mcp-header":"B"},
    "o":{"type":"object","properties":{"deep":{"type":"string","x-mcp-header":"Deep"}}},
    "plain":{"type":"string"}}})";

/// The Mcp-Param-* headers of a call with these arguments.
Headers params_of(std::string_view arguments, std::string_view input_schema = schema) {
  auto all = request_headers(
      "tools/call", R"({"name":"t","arguments":)" + std::string(arguments) + "}", input_schema
  );
  EXPECT_GE(all.size(), 2U);
  EXPECT_EQ(all.at(0).second, "tools/call");
  EXPECT_EQ(all.at(1).second, "t");
  return {all.begin() + 2, all.end()};
}

TEST(RequestHeaders, marked_arguments) {
  struct Row {
    std::string_view arguments;
    Headers wanted;
  };
  const auto rows = std::to_array<Row>({
      {R"({"s":"eu"})", {{"Mcp-Param-S", "eu"}}},
      {R"({"s":"e\u0075"})", {{"Mcp-Param-S", "eu"}}},
      {R"({"s":"größe"})", {{"Mcp-Param-S", "=?base64?Z3LDtsOfZQ==?="}}},
      {R"({"s":"a\r\nX: y"})", {{"Mcp-Param-S", "=?base64?YQ0KWDogeQ==?="}}},
      {R"({"s":"true"})", {{"Mcp-Param-S", "true"}}},
      {R"({"s":""})", {{"Mcp-Param-S", ""}}},
      {R"({"s":null})", {}},
      {R"({"i":42})", {{"Mcp-Param-I", "42"}}},
      {R"({"i":-7})", {{"Mcp-Param-I", "-7"}}},
      {R"({"i":5.0})", {{"Mcp-Param-I", "5"}}},
      {R"({"i":0})", {{"Mcp-Param-I", "0"}}},
      {R"({"i":null})", {}},
      {R"({"b":true})", {{"Mcp-Param-B", "true"}}},
      {R"({"b":false})", {{"Mcp-Param-B", "false"}}},
      {R"({"o":{"deep":"down"}})", {{"Mcp-Param-Deep", "down"}}},
      {R"({"o":{"deep":null}})", {}},
      {R"({"o":"flat"})", {}},
      {R"({"o":null})", {}},
      {R"({"plain":"x"})", {}},
      {"{}", {}},
      {"null", {}},
      {"[]", {}},
      {R"({"b":true,"s":"x","o":{"deep":"y"},"i":1})",
       {{"Mcp-Param-S", "x"}, {"Mcp-Param-I", "1"}, {"Mcp-Param-B", "true"}, {"Mcp-Param-Deep", "y"}
       }},
  });
  for (const auto& row : rows) EXPECT_EQ(params_of(row.arguments), row.wanted) << row.arguments;
}

TEST(RequestHeaders, no_arguments_at_all) {
  EXPECT_EQ(request_headers("tools/call", R"({"name":"t"})", schema).size(), 2U);
  EXPECT_EQ(request_headers("tools/call", "", schema).size(), 2U);
}

TEST(RequestHeaders, marks_that_break_the_rules_are_passed_over) {
  for (const std::string_view bad :
       {R"({"properties":{"s":{"type":"string","x-mcp-header":"not a token"}}})",
        R"({"properties":{"s":{"type":"number","x-mcp-header":"S"}}})", "not JSON", "[]", "7",
        ""}) {
    EXPECT_EQ(params_of(R"({"s":"x"})", bad), Headers{}) << bad;
  }
}

}  // namespace
}  // namespace mooring::protocol
