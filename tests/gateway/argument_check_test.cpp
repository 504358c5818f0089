#include "gateway/argument_check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mooring::gateway {
namespace {

/// "" where the arguments are fine; else "PATH WHAT".
std::string fault(std::string_view schema, std::string_view arguments) {
  const auto found = check_arguments(schema, arguments);
  return found ? found->path + " " + found->what : "";
}
/// Of the schema of the one argument "a".
std::string of_a(std::string_view schema, std::string_view value) {
  return fault(
      fmt::format(R"({{"type":"object","properties":{{"a":{}}}}})", schema),
      fmt::format(R"({{"a":{}}})", value)
  );
}

struct Row {
  std::string_view schema;
  std::string_view fits, breaks;  ///< JSON values; empty: none
  std::string_view because;       ///< begins what is said of `breaks`
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.schema; }

class ArgumentCheck : public testing::TestWithParam<Row> {};

TEST_P(ArgumentCheck, REC_15_each_keyword_lets_pass_and_refuses) {
  const auto& row = GetParam();
  if (!row.fits.empty()) EXPECT_EQ(of_a(row.schema, row.fits), "");
  if (row.breaks.empty()) return;
  const auto said = of_a(row.schema, row.breaks);
  EXPECT_TRUE(said.starts_with(row.because)) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Types, ArgumentCheck,
    testing::Values(
        Row{R"({"type":"string"})", R"("x")", "1", "/a must be string, is number"},
        Row{R"({"type":"integer"})", "3", "3.5", "/a must be integer, is number"},
        Row{R"({"type":"integer"})", "3.0", R"("3")", "/a must be integer, is string"},
        Row{R"({"type":"integer"})", "18446744073709551615", "true", "/a must be integer"},
        Row{R"({"type":"number"})", "3", "null", "/a must be number, is null"},
        Row{R"({"type":"boolean"})", "false", "0", "/a must be boolean, is number"},
        Row{R"({"type":"null"})", "null", "false", "/a must be null, is boolean"},
        Row{R"({"type":["string","null"]})", "null", "1", R"(/a must be one of ["string","null"])"},
        Row{R"({"enum":["x",1,[2]]})", "1.0", R"("y")", R"(/a must be one of ["x",1,[2]], is "y")"},
        Row{R"({"enum":["x",{"b":1,"c":2}]})", R"({"c":2,"b":1})", R"({"b":1})", "/a must be one of"
        },
        Row{R"({"const":{"b":[1]}})", R"({"b":[1.0]})", R"({"b":[2]})", R"(/a must be {"b":[1]})"},
        Row{"true", "[]", "", ""}, Row{"false", "", "1", "/a is not allowed"},
        Row{R"({"format":"email","x-ours":{"type":7}})", "1", "", ""}
    )
);

INSTANTIATE_TEST_SUITE_P(
    Numbers, ArgumentCheck,
    testing::Values(
        Row{R"({"minimum":1})", "1", "0.5", "/a must be at least 1"},
        Row{R"({"maximum":1})", "1", "2", "/a must be at most 1"},
        Row{R"({"exclusiveMinimum":1})", "1.1", "1", "/a must be more than 1"},
        Row{R"({"exclusiveMaximum":1})", "0", "1", "/a must be less than 1"},
        Row{R"({"minimum":1,"exclusiveMinimum":true})", "2", "1", "/a must be more than 1"},
        Row{R"({"maximum":1,"exclusiveMaximum":true})", "0", "1", "/a must be less than 1"},
        Row{R"({"multipleOf":0.1})", "0.3", "0.35", "/a must be a multiple of"},
        Row{R"({"multipleOf":5})", "10", "12", "/a must be a multiple of 5"},
        Row{R"({"minimum":1})", R"("0")", "", ""}
    )
);

INSTANTIATE_TEST_SUITE_P(
    Strings, ArgumentCheck,
    testing::Values(
        Row{R"({"minLength":2})", R"("äö")", R"("ä")", "/a must have at least 2 characters, has 1"},
        Row{R"({"maxLength":2})", R"("äö")", R"("abc")", "/a must have at most 2 characters"},
        Row{R"({"pattern":"^[a-z]{2}$"})", R"("ab")", R"("abc")", "/a must match the pattern"},
        Row{R"({"pattern":"b"})", R"("abc")", R"("ac")", "/a must match the pattern"},
        Row{R"({"pattern":"^.$"})", R"("ä")", R"("ab")", "/a must match the pattern"},
        // Not RE2's: the server will see to it.
        Row{R"({"pattern":"^(?=a).*$"})", R"("b")", "", ""},
        Row{R"({"pattern":"("})", R"("b")", "", ""}
    )
);

INSTANTIATE_TEST_SUITE_P(
    Arrays, ArgumentCheck,
    testing::Values(
        Row{R"({"items":{"type":"string"}})", R"(["x"])", R"(["x",1])", "/a/1 must be string"},
        Row{R"({"items":false})", "[]", "[1]", "/a/0 is not allowed"},
        Row{R"({"minItems":1})", "[1]", "[]", "/a must have at least 1 items, has 0"},
        Row{R"({"maxItems":1})", "[1]", "[1,2]", "/a must have at most 1 items, has 2"},
        Row{R"({"uniqueItems":true})", R"([1,"1"])", "[2,1,1.0]",
            "/a must not repeat an item; 1 and 2"},
        Row{R"({"prefixItems":[{"type":"string"}],"items":{"type":"number"}})", R"(["x",1])",
            R"(["x","y"])", "/a/1 must be number"},
        Row{R"({"prefixItems":[{"type":"string"}],"items":{"type":"number"}})", "[]", "[1]",
            "/a/0 must be string"},
        Row{R"({"items":[{"type":"string"}],"additionalItems":false})", R"(["x"])", R"(["x",1])",
            "/a/1 is not allowed"},
        Row{R"({"contains":{"const":1}})", "[0,1]", "[0]", "/a has 0 items that fit contains"},
        Row{R"({"contains":{"const":1},"minContains":2,"maxContains":3})", "[1,1]", "[1]",
            "/a has 1 items"},
        Row{R"({"contains":{"const":1},"minContains":0})", "[]", "", ""}
    )
);

INSTANTIATE_TEST_SUITE_P(
    Objects, ArgumentCheck,
    testing::Values(
        Row{R"({"required":["b"]})", R"({"b":null})", "{}", "/a/b is required"},
        Row{R"({"properties":{"b":{"type":"string"}}})", R"({"c":1})", R"({"b":1})",
            "/a/b must be string"},
        Row{R"({"properties":{"b":{}},"additionalProperties":false})", R"({"b":1})", R"({"c":1})",
            "/a/c is not known to the tool"},
        Row{R"({"additionalProperties":{"type":"string"}})", R"({"b":"x"})", R"({"b":1})",
            "/a/b must be string"},
        Row{R"({"patternProperties":{"^x":{"type":"string"}},"additionalProperties":false})",
            R"({"xy":"z"})", R"({"xy":1})", "/a/xy must be string"},
        Row{R"({"patternProperties":{"^x":{}},"additionalProperties":false})", R"({"x":1})",
            R"({"y":1})", "/a/y is not known"},
        // A pattern that cannot be judged may be meant for it.
        Row{R"x({"patternProperties":{"(?=x)":{"type":"string"}},"additionalProperties":false
})x",
            R"({"y":1})", "", ""},
        Row{R"({"propertyNames":{"maxLength":1}})", R"({"b":1})", R"({"bc":1})", "/a/bc must have"},
        Row{R"({"minProperties":1})", R"({"b":1})", "{}", "/a must have at least 1 members"},
        Row{R"({"maxProperties":0})", "{}", R"({"b":1})", "/a must have at most 0 members"},
        Row{R"({"dependentRequired":{"b":["c"]}})", R"({"c":1})", R"({"b":1})",
            "/a needs c where it has b"},
        Row{R"({"properties":{"b/c~d":{"type":"string"}}})", "{}", R"({"b/c~d":1})",
            "/a/b~1c~0d must"}
    )
);

INSTANTIATE_TEST_SUITE_P(
    Combined, ArgumentCheck,
    testing::Values(
        Row{R"({"allOf":[{"minimum":1},{"maximum":2}]})", "2", "3", "/a must be at most 2"},
        Row{R"({"anyOf":[{"type":"string"},{"minimum":2}]})", "2", "1", "/a fits none of the forms"
        },
        Row{R"({"anyOf":[{"type":"string"}]})", R"("x")", "1", "/a must be string"},
        Row{R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", "2.5", "2",
            "/a must fit exactly one form of oneOf, fits 2"},
        Row{R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", "1", "1.5",
            "/a must fit exactly one form of oneOf, fits 0"},
        Row{R"({"not":{"type":"string"}})", "1", R"("x")", "/a has a form that is not allowed"},
        Row{R"({"if":{"type":"string"},"then":{"minLength":1},"else":{"minimum":5}})", R"("x")",
            R"("")", "/a must have at least 1"},
        Row{R"({"if":{"type":"string"},"then":{"minLength":1},"else":{"minimum":5}})", "5", "4",
            "/a must be at least 5"}
    )
);

TEST(ArgumentCheckRefs, REC_15_refs_lead_within_the_document) {
  const std::string_view schema =
      R"({"$defs":{"name":{"type":"string"},"a b":{"type":"boolean"}},"definitions":{"n":{"minimum":1}},)"
      R"("properties":{"x":{"$ref":"#/$defs/name"},"y":{"$ref":"#/definitions/n","maximum":3},)"
      R"("z":{"$ref":"#/$defs/a%20b"},"child":{"$ref":"#"},"far":{"$ref":"https://x.example/s"},)"
      R"("none":{"$ref":"#/$defs/none"}}})";
  EXPECT_EQ(
      fault(schema, R"({"x":"n","y":3,"z":true,"far":1,"none":1,"child":{"child":{"x":""}}})"), ""
  );
  EXPECT_EQ(fault(schema, R"({"x":1})"), "/x must be string, is number");
  EXPECT_EQ(fault(schema, R"({"y":0})"), "/y must be at least 1");
  EXPECT_EQ(fault(schema, R"({"y":4})"), "/y must be at most 3");
  EXPECT_EQ(fault(schema, R"({"z":1})"), "/z must be boolean, is number");
  EXPECT_EQ(
      fault(schema, R"({"child":{"child":{"x":1}}})"), "/child/child/x must be string, is number"
  );
}

TEST(ArgumentCheckRefs, a_schema_without_end_or_of_too_much_work_passes) {
  EXPECT_EQ(fault(R"({"$ref":"#"})", R"({"a":1})"), "");
  EXPECT_EQ(fault(R"({"not":{"$ref":"#"}})", R"({"a":1})"), "");
  EXPECT_EQ(fault(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}],"type":"object"})", "{}"), "");
  EXPECT_EQ(
      fault(R"({"oneOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}],"type":"object"})", "{}"), ""
  );
}

TEST(ArgumentCheckRefs, the_arguments_themselves) {
  EXPECT_EQ(fault(R"({"type":"object","required":["a"]})", ""), "/a is required");
  EXPECT_EQ(fault(R"({"type":"object"})", "[]"), " must be object, is array");
  EXPECT_EQ(fault("{}", R"({"a":1})"), "");
  EXPECT_EQ(
      fault(R"({"type":7,"required":"x","properties":[],"enum":{},"minimum":"1"})", "{}"), ""
  );
  const auto said = of_a(R"({"const":1})", "\"" + std::string(500, 'x') + "\"");
  EXPECT_LT(said.size(), 120u);
}

}  // namespace
}  // namespace mooring::gateway
