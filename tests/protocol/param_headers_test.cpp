#include "protocol/param_headers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace mooring::protocol {
namespace {

std::string object(std::string_view properties) {
  return fmt::format(R"({{"type":"object","properties":{{{}}}}})", properties);
}
std::string string_with(std::string_view name) {
  return fmt::format(R"({{"type":"string","x-mcp-header":"{}"}})", name);
}

TEST(ParamHeaders, are_found_by_the_properties_that_lead_to_them) {
  const auto found = param_headers(object(
      R"("region":{"type":"string","x-mcp-header":"Region"},
         "where":{"type":"object","properties":{"zone":{"type":"integer","x-mcp-header":"Zone"}}},
         "dry":{"type":"boolean","x-mcp-header":"Dry"},"plain":{"type":"string"})"
  ));
  ASSERT_TRUE(found) << found.error();
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[0].name, "Region");
  EXPECT_EQ((*found)[1].path, (std::vector<std::string>{"where", "zone"}));
  EXPECT_EQ((*found)[1].type, ParamHeader::Type::integer);
  EXPECT_EQ((*found)[2].type, ParamHeader::Type::boolean);
}

TEST(ParamHeaders, a_schema_without_any_has_none) {
  EXPECT_TRUE(param_headers(object(R"("a":{"type":"string"})"))->empty());
  EXPECT_TRUE(param_headers("true")->empty());
}

TEST(ParamHeaders, an_annotation_that_breaks_the_rules_is_refused) {
  for (const auto& schema : {
           object(R"("a":)" + string_with("not a token")),
           object(R"("a":)" + string_with("")),
           object(R"("a":{"type":"string","x-mcp-header":7})"),
           object(R"("a":{"type":"number","x-mcp-header":"A"})"),
           object(R"("a":{"type":["string","null"],"x-mcp-header":"A"})"),
           object(R"("a":)" + string_with("Same") + R"(,"b":)" + string_with("sAME")),
           object(R"("a":{"type":"array","items":)" + string_with("A") + "}"),
           object(R"("a":{"anyOf":[)" + string_with("A") + "]}"),
           std::string(R"({"type":"object","$defs":{"a":)" + string_with("A") + "}}"),
           std::string(R"({"type":"string","x-mcp-header":"Root"})"),
       }) {
    EXPECT_FALSE(param_headers(schema)) << schema;
  }
}

TEST(ParamHeaders, a_word_in_data_is_no_annotation) {
  const auto found = param_headers(object(R"("a":{"type":"object","default":{"x-mcp-header":7}})"));
  ASSERT_TRUE(found) << found.error();
  EXPECT_TRUE(found->empty());
}

TEST(ParamHeaders, a_schema_that_is_nested_too_deep_is_refused) {
  std::string schema = string_with("A");
  for (int i = 0; i < 100; ++i) schema = object(R"("a":)" + schema);
  EXPECT_FALSE(param_headers(schema));
}

TEST(ParamHeaders, the_text_of_an_argument) {
  const ParamHeader region{
      .type = ParamHeader::Type::string, .name = "R", .path = {"where", "region"}
  };
  EXPECT_EQ(header_text(region, R"({"where":{"region":"e\u00fc"}})"), "eü");
  EXPECT_EQ(header_text(region, R"({"where":{"region":null}})"), std::nullopt);
  EXPECT_EQ(header_text(region, R"({"where":"here"})"), std::nullopt);
  EXPECT_EQ(header_text(region, "{}"), std::nullopt);
  const ParamHeader count{.type = ParamHeader::Type::integer, .name = "C", .path = {"n"}};
  EXPECT_EQ(header_text(count, R"({"n":5.0})"), "5");
  EXPECT_EQ(header_text(count, R"({"n":-12})"), "-12");
  const ParamHeader dry{.type = ParamHeader::Type::boolean, .name = "D", .path = {"n"}};
  EXPECT_EQ(header_text(dry, R"({"n":true})"), "true");
}

TEST(ParamHeaders, agreement) {
  const ParamHeader text{.type = ParamHeader::Type::string, .name = "R", .path = {"r"}};
  EXPECT_TRUE(agrees(text, "eu", "eu"));
  EXPECT_TRUE(agrees(text, "=?base64?R3LDtsOfZQ==?=", "Größe"));
  EXPECT_FALSE(agrees(text, "5.0", "5"));
  EXPECT_FALSE(agrees(text, "=?base64?!?=", "=?base64?!?="));
  const ParamHeader count{.type = ParamHeader::Type::integer, .name = "C", .path = {"n"}};
  EXPECT_TRUE(agrees(count, "5.0", "5"));
  EXPECT_FALSE(agrees(count, "6", "5"));
  EXPECT_FALSE(agrees(count, "five", "5"));
}

}  // namespace
}  // namespace mooring::protocol
