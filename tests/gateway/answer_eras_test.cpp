#include "gateway/answer_eras.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace mooring::gateway {
namespace {

std::string result(std::string_view raw) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":"a","result":{}}})", raw);
}
std::string error(int code, std::string_view data = {}) {
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":"a","error":{{"code":{},"message":"no, \"not\" that"{}{}}}}})",
      code, data.empty() ? "" : R"(,"data":)", data
  );
}
ClientSession client(std::string capabilities) {
  ClientSession session;
  session.version = protocol::latest_modern;
  session.capabilities = std::move(capabilities);
  return session;
}

TEST(AnswerEras, a_legacy_server_for_a_modern_client) {
  struct Row {
    std::string given;
    bool elicits;
    std::string wanted;
  };
  const auto rows = std::to_array<Row>({
      {result(R"({"content":[]})"), true, result(R"({"content":[]})")},
      {result(R"({"resultType":"task","ttlMs":9,"x":1.0,"cacheScope":"public"})"), true,
       result(R"({"x":1.0})")},
      {result("7"), true, result("7")},
      {error(-32042), true, error(-32042)},
      {error(-32042), false, error(-32603)},
      {error(-32020), true, error(-32603)},
      {error(-32021, R"({"requiredCapabilities":{}})"), true,
       error(-32603, R"({"requiredCapabilities":{}})")},
      {error(-32022), true, error(-32603)},
      {error(-32099), true, error(-32603)},
      {error(-32100), true, error(-32100)},
      {error(-32019), true, error(-32019)},
      {error(-32002), true, error(-32002)},
      {error(-32602), true, error(-32602)},
      {error(7), true, error(7)},
  });
  for (const auto& row : rows)
    EXPECT_EQ(legacy_for_modern(row.given, row.elicits), row.wanted) << row.given;
}

TEST(AnswerEras, a_modern_server_for_a_modern_client) {
  struct Row {
    std::string_view capabilities;
    std::string given, wanted;
  };
  const auto missing = [](int code, std::string_view required) {
    return error(code, fmt::format(R"({{"requiredCapabilities":{}}})", required));
  };
  const auto asked = result(
      R"({"resultType":"input_required","inputRequests":{"k":{"method":"roots/list"}},"requestState":"s"})"
  );
  const auto rows = std::to_array<Row>({
      {"{}", result(R"({"content":[],"resultType":"complete","ttlMs":5})"),
       result(R"({"content":[],"resultType":"complete","ttlMs":5})")},
      {"{}", asked, asked},
      // The way between us and the server is nothing to the client.
      {"{}", error(-32020), error(-32603)},
      {"{}", error(-32022, R"({"supported":["2030-01-01"]})"),
       error(-32603, R"({"supported":["2030-01-01"]})")},
      // It passes where the client lacks what is missed.
      {"{}", missing(-32021, R"({"sampling":{}})"), missing(-32021, R"({"sampling":{}})")},
      {R"({"roots":{}})", missing(-32021, R"({"sampling":{}})"),
       missing(-32021, R"({"sampling":{}})")},
      {R"({"sampling":{}})", missing(-32021, R"({"sampling":{},"roots":{}})"),
       missing(-32021, R"({"sampling":{},"roots":{}})")},
      {R"({"sampling":{}})", missing(-32021, R"({"sampling":{}})"),
       missing(-32603, R"({"sampling":{}})")},
      {R"({"sampling":{}})", missing(-32021, R"({"s\u0061mpling":{}})"),
       missing(-32603, R"({"s\u0061mpling":{}})")},
      // Who has elicitation by form lacks that by URL (2026-07-28 "Capabilities").
      {R"({"elicitation":{"form":{}}})", missing(-32021, R"({"elicitation":{"url":{}}})"),
       missing(-32021, R"({"elicitation":{"url":{}}})")},
      {R"({"elicitation":{"url":{}}})", missing(-32021, R"({"elicitation":{"url":{}}})"),
       missing(-32603, R"({"elicitation":{"url":{}}})")},
      {R"({"elicitation":{}})", missing(-32021, R"({"elicitation":{"form":{}}})"),
       missing(-32603, R"({"elicitation":{"form":{}}})")},
      {R"({"elicitation":{"url":{}}})", missing(-32021, R"({"elicitation":{"form":{}}})"),
       missing(-32021, R"({"elicitation":{"form":{}}})")},
      // Nobody knows what is missed.
      {R"({"sampling":{}})", error(-32021), error(-32021)},
      {R"({"sampling":{}})", error(-32021, R"({"requiredCapabilities":["sampling"]})"),
       error(-32021, R"({"requiredCapabilities":["sampling"]})")},
      {"{}", error(-32602, R"({"uri":"a:b"})"), error(-32602, R"({"uri":"a:b"})")},
      {"{}", error(-32601), error(-32601)},
      {"{}", error(4711), error(4711)},
  });
  for (const auto& row : rows) {
    EXPECT_EQ(modern_for_modern(row.given, client(std::string(row.capabilities))), row.wanted)
        << row.capabilities << ' ' << row.given;
  }
}

TEST(AnswerEras, a_modern_server_for_a_legacy_client) {
  struct Row {
    std::string_view method;
    std::string given, wanted;
  };
  const auto rows = std::to_array<Row>({
      {"tools/call", result(R"({"resultType":"complete","content":[],"n":1e2})"),
       result(R"({"content":[],"n":1e2})")},
      {"resources/read",
       result(R"({"contents":[],"ttlMs":5,"cacheScope":"public","resultType":"complete"})"),
       result(R"({"contents":[]})")},
      {"tools/call", result(R"({"content":[],"structuredContent":{"a":[1]}})"),
       result(R"({"content":[],"structuredContent":{"a":[1]}})")},
      {"tools/call", result(R"({"content":[],"structuredContent":[1]})"),
       result(R"({"content":[]})")},
      {"tools/call", result(R"({"content":[],"structuredContent":"x"})"),
       result(R"({"content":[]})")},
      {"tools/call", result(R"({"content":[],"structuredContent":null})"),
       result(R"({"content":[]})")},
      {"tools/call", result("[]"), result("[]")},
      {"resources/read", error(-32602, R"({"uri":"a:b"})"), error(-32002, R"({"uri":"a:b"})")},
      {"resources/read", error(-32602), error(-32602)},
      {"resources/read", error(-32602, R"("a:b")"), error(-32602, R"("a:b")")},
      {"tools/call", error(-32602, R"({"uri":"a:b"})"), error(-32602, R"({"uri":"a:b"})")},
      {"tools/call", error(-32020), error(-32603)},
      {"tools/call", error(-32021, R"({"requiredCapabilities":{"sampling":{}}})"),
       error(-32603, R"({"requiredCapabilities":{"sampling":{}}})")},
      {"tools/call", error(-32022), error(-32603)},
      {"tools/call", error(-32050), error(-32603)},
      {"tools/call", error(-32601), error(-32601)},
      {"tools/call", error(-32000), error(-32000)},
      {"tools/call", error(17), error(17)},
  });
  for (const auto& row : rows)
    EXPECT_EQ(modern_for_legacy(row.given, row.method), row.wanted) << row.given;
}

TEST(AnswerEras, output_schemas_for_a_legacy_client) {
  const std::string fine =
      R"({"tools":[{"name":"a","outputSchema":{"type":"object"}}, {"name":"b"}],"n":1.0})";
  EXPECT_EQ(tools_for_legacy(fine), fine);
  EXPECT_EQ(
      tools_for_legacy(
          R"({"n":1.0,"tools":[{"name":"a","outputSchema":{"type":"array"},"x":1e2},7,{"name":"b","outputSchema":{"anyOf":[]}},{"outputSchema":{"type":["object"]}}]})"
      ),
      R"({"n":1.0,"tools":[{"name":"a","x":1e2},7,{"name":"b"},{}]})"
  );
  for (const std::string odd : {"{}", R"({"tools":7})", R"({"tools":[]})", "[]"})
    EXPECT_EQ(tools_for_legacy(odd), odd);
}

TEST(AnswerEras, what_is_no_answer_stays) {
  for (const std::string odd :
       {"", "7", "{}", R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","id":1,"error":"text"})"
       }) {
    EXPECT_EQ(legacy_for_modern(odd, true), odd);
    EXPECT_EQ(modern_for_modern(odd, client("{}")), odd);
    EXPECT_EQ(modern_for_legacy(odd, "tools/call"), odd);
  }
}

}  // namespace
}  // namespace mooring::gateway
