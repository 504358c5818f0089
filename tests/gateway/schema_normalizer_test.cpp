#include "gateway/schema_normalizer.hpp"

#include <gtest/gtest.h>

#include "protocol/json_scan.hpp"

namespace mooring::gateway {
namespace {

TEST(SchemaNormalizer, TOOL_09_definitions_missing_type_and_stale_required) {
  EXPECT_EQ(
      normalize_schema(R"({"definitions":{"A":{"type":"string"}},)"
                       R"("properties":{"a":{"$ref":"#/definitions/A"},"b":{"default":1.50}},)"
                       R"("required":["a","gone"],"x-own":[1e3]})"),
      R"({"$defs":{"A":{"type":"string"}},)"
      R"("properties":{"a":{"$ref":"#/$defs/A"},"b":{"default":1.50}},)"
      R"("required":["a"],"x-own":[1e3],"type":"object"})"
  );
}

TEST(SchemaNormalizer, TOOL_09_a_good_schema_comes_back_byte_for_byte) {
  for (const std::string_view schema :
       {R"({ "type" : "object" })",
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"A":{"$anchor":"a"}},
            "properties":{"a":{"$ref":"#/$defs/A"}},"required":["a"],"additionalProperties":false})",
        R"({"type":"object","allOf":[{"required":["a"]}],"required":["b"]})",
        R"({"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":{},"b":{}}})",
        R"({"type":"object","required":["k"],"additionalProperties":{"type":"string"}})",
        R"({"type":"object","properties":{"n":{"minimum":1,"exclusiveMinimum":0.5}}})"}) {
    EXPECT_EQ(normalize_schema(schema), schema);
  }
}

TEST(SchemaNormalizer, only_keywords_are_renamed) {
  EXPECT_EQ(
      normalize_schema(
          R"({"type":"object","properties":{"definitions":{"type":"string"},"$ref":{"type":"object",)"
          R"("definitions":{"definitions":{}},"properties":{"x":{"$ref":"#/properties/$ref/definitions/definitions"}}}},)"
          R"("default":{"definitions":{},"$ref":"#/definitions/A"},"enum":[{"$ref":"#/definitions/A"}]})"
      ),
      R"({"type":"object","properties":{"definitions":{"type":"string"},"$ref":{"type":"object",)"
      R"("$defs":{"definitions":{}},"properties":{"x":{"$ref":"#/properties/$ref/$defs/definitions"}}}},)"
      R"("default":{"definitions":{},"$ref":"#/definitions/A"},"enum":[{"$ref":"#/definitions/A"}]})"
  );
}

TEST(SchemaNormalizer, definitions_and_defs_are_merged) {
  EXPECT_EQ(
      normalize_schema(
          R"({"type":"object","$defs":{"A":{}},"definitions":{"B":{"$ref":"#/definitions/A"},"A":{}}})"
      ),
      R"({"type":"object","$defs":{"A":{},"B":{"$ref":"#/$defs/A"}}})"
  );
  constexpr std::string_view differing =
      R"({"type":"object","$defs":{"A":{}},"definitions":{"A":true},"allOf":[{"$ref":"#/definitions/A"}]})";
  EXPECT_EQ(normalize_schema(differing), differing) << "both stay, and refs into both stay right";
}

TEST(SchemaNormalizer, tuples_and_bounds_of_older_drafts) {
  EXPECT_EQ(
      normalize_schema(
          R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{)"
          R"("t":{"type":"array","items":[{"type":"string"}],"additionalItems":false},)"
          R"("u":{"$ref":"#/properties/t/items/0"},)"
          R"("n":{"minimum":1,"exclusiveMinimum":true,"maximum":2,"exclusiveMaximum":false}}})"
      ),
      R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{)"
      R"("t":{"type":"array","prefixItems":[{"type":"string"}],"items":false},)"
      R"("u":{"$ref":"#/properties/t/prefixItems/0"},)"
      R"("n":{"exclusiveMinimum":1,"maximum":2}}})"
  );
}

TEST(SchemaNormalizer, required_of_older_drafts) {
  EXPECT_EQ(
      normalize_schema(
          R"({"type":"object","properties":{"a":{"type":"string","required":true}},"required":["gone"]})"
      ),
      R"({"type":"object","properties":{"a":{"type":"string"}}})"
  );
  EXPECT_EQ(
      normalize_schema(R"({"type":"object","properties":{"a":{}},"required":["a","a",3]})"),
      R"({"type":"object","properties":{"a":{}},"required":["a"]})"
  );
}

TEST(SchemaNormalizer, what_is_no_object_schema_becomes_one) {
  EXPECT_EQ(normalize_schema("true"), R"({"type":"object"})");
  EXPECT_EQ(normalize_schema("null"), R"({"type":"object"})");
  EXPECT_EQ(normalize_schema("{}"), R"({"type":"object"})");
  EXPECT_EQ(normalize_schema(R"({"type":["object","null"]})"), R"({"type":"object"})");
}

TEST(SchemaNormalizer, deep_nesting_passes) {
  std::string schema = "{}";
  for (int i = 0; i < 200; ++i) schema = R"({"properties":{"p":)" + schema + "}}";
  const auto out = normalize_schema(schema);
  EXPECT_FALSE(protocol::validate(out, {.max_depth = 1000}));
  EXPECT_EQ(out.size(), schema.size() + std::string_view(R"(,"type":"object")").size());
}

}  // namespace
}  // namespace mooring::gateway
