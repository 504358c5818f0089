#include "config/document.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mooring::config {
namespace {

using testing::HasSubstr;

Document read(std::string_view text) {
  auto document = parse_document(text, "f");
  EXPECT_TRUE(document) << (document ? "" : document.error().detail);
  return document ? std::move(*document) : Document{};
}

std::string refusal_of(std::string_view text) {
  const auto document = parse_document(text, "f");
  EXPECT_FALSE(document) << text;
  return document ? "" : document.error().detail;
}

/// A tree on one line, to compare whole documents.
std::string flat(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::list:
      for (const Node& item : node.items) out += (out.empty() ? "" : ",") + flat(item);
      return "[" + out + "]";
    case Node::Kind::map:
      for (const Member& member : node.members) {
        out += (out.empty() ? "" : ",") + member.key + ":" + flat(member.value);
      }
      return "{" + out + "}";
    case Node::Kind::string:
      return "'" + node.text + "'";
    default:
      return node.text;
  }
}

TEST(Json, comments_and_trailing_commas) {
  const auto document = read(R"(// first
/* then */ { "a": [1, 2.50, -3e2, true, null,], /* in between */ "b": { "c": "x", }, // end
})");
  EXPECT_EQ(flat(document.root), "{a:[1,2.50,-3e2,true,null],b:{c:'x'}}");
}

TEST(Json, strings_are_unescaped) {
  const auto document = read(R"({"a": "\" \\ \/ \b\f\n\r\t é 😀", "é": 1})");
  EXPECT_EQ(flat(document.root), "{a:'\" \\ / \b\f\n\r\t é 😀',é:1}");
}

TEST(Json, positions_count_lines_and_characters) {
  const auto document = read("{\n  \"é\": 1, \"b\": [\n    true]}");
  const Node* b = document.root.find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(document.where(document.root.members[1].at), "f:2:11");
  EXPECT_EQ(document.where(b->items[0].at), "f:3:5");
}

TEST(Json, errors_name_place_and_cause) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{\n\"a\": 1,\n \"a\": 2}", "f:3:2: key \"a\" is repeated (first on line 2)"},
      {R"({"a": 1, "\u0061": 2})", "is repeated"},
      {"{\"a\" 1}", "f:1:6: a colon is expected after key \"a\""},
      {"{\"a\": 1 \"b\": 2}", "f:1:9: a comma or } is expected here, not \"\"\""},
      {"{a: 1}", "f:1:2: a key in double quotes is expected here, not \"a\""},
      {"{'a': 1}", "key in double quotes"},
      {"{\"a\": 'x'}", "f:1:7: strings stand in double quotes"},
      {"{\"a\": [1, 2", "f:1:7: this [ is never closed"},
      {"{\"a\": ", "the file ends in the middle of a value"},
      {"{", "f:1:1: this { is never closed"},
      {"{\"a\": \"x\n\"}", "f:1:7: this string is not closed on its line"},
      {"{\"a\": \"x", "this string is never closed"},
      {"{\"a\": \"\\q\"}", "unknown escape"},
      {"{\"a\": \"\\ud800\"}", "half of a surrogate pair"},
      {"{\"a\": \"\\u12g4\"}", "four hexadecimal digits"},
      {"{\"a\": 01}", "cannot begin with 0"},
      {"{\"a\": 1.}", "a digit is missing"},
      {"{\"a\": tru}", "a value is expected here, not \"t\""},
      {"{} x", "f:1:4: there is text after the closing brace"},
      {"{ /* no end", "f:1:3: this comment is never closed"},
      {"{\"a\": {\"b\": [}", "a value is expected"},
  };
  for (const auto& [text, expected] : cases) EXPECT_THAT(refusal_of(text), HasSubstr(expected));
}

TEST(Json, nesting_and_number_of_values_are_limited) {
  EXPECT_THAT(refusal_of("{\"a\":" + std::string(100, '[')), HasSubstr("more than 64 deep"));
  std::string many = "{\"a\":[";
  for (std::size_t i = 0; i <= max_nodes; ++i) many += "1,";
  EXPECT_THAT(refusal_of(many + "]}"), HasSubstr("more than 100000 values"));
}

TEST(Yaml, scalars_keep_their_text) {
  const auto document =
      read("a: 1.10\nb: \"1\"\nc: yes\nd: ~\ne: true\nf: !!str 5\ng: |\n  x\n  y\nh:\ni: 0x1F\n");
  EXPECT_EQ(
      flat(document.root), "{a:1.10,b:'1',c:'yes',d:null,e:true,f:'5',g:'x\ny\n',h:null,i:'0x1F'}"
  );
}

TEST(Yaml, errors_name_place_and_cause) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a: 1\nb: 2\na: 3\n", "f:3:1: key \"a\" is repeated (first on line 1)"},
      {"a:\n  b: 1\n   c: 2\n", "f:3:"},
      {"a: [1, 2\n", "f:"},
      {"- a\n- b\n", "f:1:1: the file holds a list where keys are expected"},
      {"just text\n", "\"just text\" where keys are expected"},
      {"a: 1\n---\nb: 2\n", "more than one YAML document"},
      {"a: !include x\n", "the tag \"!include\" is not supported"},
      {"a: *nowhere\n", "f:1:"},
      {"a: &x [*x]\n", "f:1:8: this alias stands inside itself"},
      {"? [1]\n: 2\n", "a key has to be plain text, not a list"},
      {"a: {<<: 5}\n", "<< takes a map"},
      {"\ta: 1\n", "not valid YAML"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_THAT(refusal_of(text), HasSubstr(expected)) << text;
}

TEST(Yaml, aliases_and_merges) {
  const auto document = read(
      "a: &base {x: 1, y: 2}\nb:\n  <<: *base\n  y: 3\nc: *base\nd: {<<: [{x: 7}, *base], z: "
      "1}\ne: {\"<<\": 1}\n"
  );
  EXPECT_EQ(flat(document.root), "{a:{x:1,y:2},b:{y:3,x:1},c:{x:1,y:2},d:{z:1,x:7,y:2},e:{<<:1}}");
}

TEST(Yaml, aliases_cannot_explode) {
  std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 12; ++i) {
    text +=
        fmt::format("a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(refusal_of(text), HasSubstr("aliases expanded"));
  EXPECT_THAT(refusal_of("a: " + std::string(100, '[')), HasSubstr("more than 64 deep"));
}

TEST(Document, encodings_and_sizes) {
  EXPECT_EQ(flat(read("").root), "{}");
  EXPECT_EQ(flat(read("# nothing\n").root), "{}");
  EXPECT_EQ(flat(read("\xEF\xBB\xBF{\"a\":1}").root), "{a:1}");
  EXPECT_EQ(
      flat(read("\xEF\xBB\xBF"
                "a: 1")
               .root),
      "{a:1}"
  );
  EXPECT_THAT(refusal_of("a: \xFF"), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(refusal_of(std::string("a: \0", 4)), HasSubstr("NUL"));
  EXPECT_THAT(refusal_of(std::string(max_file_bytes + 1, ' ')), HasSubstr("larger than 4 MiB"));
}

TEST(Document, a_later_file_is_laid_over) {
  Document document = read("mcpServers: {a: {command: x, env: {A: 1, B: 2}}, b: {url: u}}\n");
  auto later = parse_document(
      "{\"mcpServers\": {\"a\": {\"env\": {\"B\": 3}, \"cwd\": \"/\"}, \"c\": {\"url\": \"v\"}}}",
      "g"
  );
  ASSERT_TRUE(later);
  overlay(document, std::move(*later));
  EXPECT_EQ(
      flat(document.root),
      "{mcpServers:{a:{command:'x',env:{A:1,B:3},cwd:'/'},b:{url:'u'},c:{url:'v'}}}"
  );
  EXPECT_EQ(document.where(document.root.find("mcpServers")->find("c")->at), "g:1:58");
}

TEST(Document, another_way_of_reaching_a_server_replaces_the_former) {
  Document document =
      read("mcpServers: {a: {command: x, args: [y], type: stdio}, b: {url: u, headers: {H: 1}}}\n");
  overlay(document, read("mcpServers: {a: {url: u}, b: {command: x}}\n"));
  EXPECT_EQ(flat(document.root), "{mcpServers:{a:{url:'u'},b:{command:'x'}}}");
}

TEST(Document, a_message_stays_on_one_line) {
  EXPECT_EQ(read("a: 1").message({2, 3, 0}, "b\nc\x1b[31m"), "f:2:3: b\\x0ac\\x1b[31m");
}

TEST(Document, shown_text_is_safe_and_short) {
  EXPECT_EQ(shown("a\nb"), "\"a\\x0ab\"");
  EXPECT_EQ(shown(std::string(100, 'x')), "\"" + std::string(60, 'x') + "…\"");
}

}  // namespace
}  // namespace mooring::config
