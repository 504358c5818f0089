#include "config/config_edit.hpp"

#include <random>

#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::HasSubstr;

Node text(std::string value) { return {Node::Kind::string, {}, std::move(value), {}, {}}; }

/// A server with one key.
Member server(std::string name, std::string url = "http://new/mcp") {
  return {std::move(name), {}, {Node::Kind::map, {}, {}, {}, {{"url", {}, text(std::move(url))}}}};
}

std::string added(std::string_view before, std::string name = "new") {
  const auto after = with_server(before, "mooring.yaml", server(std::move(name)), Taken::refuse);
  return after ? *after : "error: " + after.error().detail;
}

std::string replaced(std::string_view before, std::string name) {
  const auto after = with_server(before, "mooring.yaml", server(std::move(name)), Taken::replace);
  return after ? *after : "error: " + after.error().detail;
}

std::string removed(std::string_view before, std::string_view name) {
  const auto after = without_server(before, "mooring.yaml", name);
  return after ? *after : "error: " + after.error().detail;
}

constexpr std::string_view commented = R"(# ours
mcpServers:       # all of them
  # the first
  first:          # inner
    url: http://1/mcp   # of first
  # commented out:
  #  old: { url: http://old }

  # the second
  second: { url: "http://2/mcp" }   # of second
  # behind the last

# about the gateway
gateway:
  listen: 127.0.0.1:0 # free
)";

TEST(ConfigEdit, a_server_goes_behind_the_others_and_everything_else_stays) {
  EXPECT_EQ(added(commented), R"(# ours
mcpServers:       # all of them
  # the first
  first:          # inner
    url: http://1/mcp   # of first
  # commented out:
  #  old: { url: http://old }

  # the second
  second: { url: "http://2/mcp" }   # of second
  # behind the last
  new:
    url: "http://new/mcp"

# about the gateway
gateway:
  listen: 127.0.0.1:0 # free
)");
}

TEST(ConfigEdit, a_server_is_taken_out_and_the_comments_around_it_stay) {
  EXPECT_EQ(removed(commented, "first"), R"(# ours
mcpServers:       # all of them
  # the first
  # commented out:
  #  old: { url: http://old }

  # the second
  second: { url: "http://2/mcp" }   # of second
  # behind the last

# about the gateway
gateway:
  listen: 127.0.0.1:0 # free
)");
  EXPECT_EQ(removed(commented, "second"), R"(# ours
mcpServers:       # all of them
  # the first
  first:          # inner
    url: http://1/mcp   # of first
  # commented out:
  #  old: { url: http://old }

  # the second
  # behind the last

# about the gateway
gateway:
  listen: 127.0.0.1:0 # free
)");
}

TEST(ConfigEdit, a_replaced_server_keeps_its_place_and_the_comment_above_it) {
  EXPECT_EQ(replaced(commented, "first"), R"(# ours
mcpServers:       # all of them
  # the first
  first:
    url: "http://new/mcp"
  # commented out:
  #  old: { url: http://old }

  # the second
  second: { url: "http://2/mcp" }   # of second
  # behind the last

# about the gateway
gateway:
  listen: 127.0.0.1:0 # free
)");
}

TEST(ConfigEdit, yaml_that_holds_no_servers_yet) {
  const std::string entry = "mcpServers:\n  new:\n    url: \"http://new/mcp\"\n";
  EXPECT_EQ(added(""), entry);
  EXPECT_EQ(added("\n \n"), entry);
  EXPECT_EQ(added("# nothing yet\n"), "# nothing yet\n" + entry);
  EXPECT_EQ(added("mcpServers:\n"), entry);
  EXPECT_EQ(added("mcpServers: {}\n"), entry);
  EXPECT_EQ(added("mcpServers: { }  # soon\n"), "mcpServers:  # soon\n" + entry.substr(12));
  EXPECT_EQ(
      added("gateway:\n    listen: 127.0.0.1:0"), "gateway:\n    listen: 127.0.0.1:0\n" + entry
  );
  EXPECT_EQ(added("mcpServers:\n  # none\ngateway: {}\n"), entry + "  # none\ngateway: {}\n");
  EXPECT_EQ(added("---\na: 1\n...\n"), "---\na: 1\n" + entry + "...\n");
}

TEST(ConfigEdit, the_indentation_and_line_ends_of_the_file_are_used) {
  EXPECT_EQ(
      added("mcpServers:\r\n    a:\r\n        url: http://a\r\n"),
      "mcpServers:\r\n    a:\r\n        url: http://a\r\n"
      "    new:\r\n        url: \"http://new/mcp\"\r\n"
  );
  EXPECT_EQ(
      added("\xEF\xBB\xBFmcpServers:\n a: { url: http://a }"),
      "\xEF\xBB\xBFmcpServers:\n a: { url: http://a }\n new:\n  url: \"http://new/mcp\"\n"
  );
  EXPECT_EQ(
      added("{\n\t\"mcpServers\": {\n\t\t\"a\": {}\n\t}\n}"),
      "{\n\t\"mcpServers\": {\n\t\t\"a\": {},\n\t\t\"new\": {\n\t\t\t\"url\": "
      "\"http://new/mcp\"\n\t\t}\n\t}\n}"
  );
}

TEST(ConfigEdit, json_keeps_its_comments_and_commas) {
  constexpr std::string_view before = R"({
  // ours
  "mcpServers": {
    "a": { "url": "http://a" }, // of a
    // about b
    "b": { "url": "http://b" } // of b
    /* behind the last */
  },
  "gateway": {} /* end */
}
)";
  EXPECT_EQ(added(before), R"({
  // ours
  "mcpServers": {
    "a": { "url": "http://a" }, // of a
    // about b
    "b": { "url": "http://b" }, // of b
    /* behind the last */
    "new": {
      "url": "http://new/mcp"
    }
  },
  "gateway": {} /* end */
}
)");
  EXPECT_EQ(removed(before, "b"), R"({
  // ours
  "mcpServers": {
    "a": { "url": "http://a" } // of a
    // about b
    /* behind the last */
  },
  "gateway": {} /* end */
}
)");
  EXPECT_EQ(removed(before, "a"), R"({
  // ours
  "mcpServers": {
    // about b
    "b": { "url": "http://b" } // of b
    /* behind the last */
  },
  "gateway": {} /* end */
}
)");
  EXPECT_EQ(replaced(before, "a"), R"({
  // ours
  "mcpServers": {
    "a": {
      "url": "http://new/mcp"
    }, // of a
    // about b
    "b": { "url": "http://b" } // of b
    /* behind the last */
  },
  "gateway": {} /* end */
}
)");
}

TEST(ConfigEdit, json_on_one_line_stays_on_one_line) {
  EXPECT_EQ(
      added(R"({"mcpServers":{"a":{"url":"http://a"}}})"),
      R"({"mcpServers":{"a":{"url":"http://a"}, "new": { "url": "http://new/mcp" }}})"
  );
  constexpr std::string_view three = R"({"mcpServers": {"a": {}, "b": {}, "c": {}}})";
  EXPECT_EQ(removed(three, "a"), R"({"mcpServers": {"b": {}, "c": {}}})");
  EXPECT_EQ(removed(three, "b"), R"({"mcpServers": {"a": {}, "c": {}}})");
  EXPECT_EQ(removed(three, "c"), R"({"mcpServers": {"a": {}, "b": {}}})");
  EXPECT_EQ(removed(R"({"mcpServers": {"a": {}}})", "a"), R"({"mcpServers": {}})");
  EXPECT_EQ(
      removed("{\"mcpServers\": {\"a\": {}, // of a\n \"b\": {}}}", "b"),
      "{\"mcpServers\": {\"a\": {} // of a\n }}"
  );
}

TEST(ConfigEdit, json_that_holds_no_servers_yet) {
  const auto json = [](std::string_view before) {
    const auto after = with_server(before, "mooring.json", server("new"), Taken::refuse);
    return after ? *after : "error: " + after.error().detail;
  };
  const std::string whole =
      "{\n  \"mcpServers\": {\n    \"new\": {\n      \"url\": \"http://new/mcp\"\n    }\n  }\n}";
  EXPECT_EQ(json(""), whole + "\n");
  EXPECT_EQ(json("{}"), whole);
  EXPECT_EQ(json("{\n}"), whole);
  EXPECT_EQ(json("{\n  \"mcpServers\": {}\n}"), whole);
  EXPECT_EQ(json("{\n  \"mcpServers\": null\n}"), whole);
  EXPECT_EQ(
      json("{\n  \"mcpServers\": {\n    // none yet\n  },\n}"),
      "{\n  \"mcpServers\": {\n    // none yet\n    \"new\": {\n      \"url\": "
      "\"http://new/mcp\"\n    }\n  },\n}"
  );
}

TEST(ConfigEdit, trailing_commas_stay) {
  EXPECT_EQ(
      added("{\n  \"mcpServers\": {\n    \"a\": {},\n  },\n}"),
      "{\n  \"mcpServers\": {\n    \"a\": {},\n    \"new\": {\n      \"url\": "
      "\"http://new/mcp\"\n    },\n  },\n}"
  );
  EXPECT_EQ(
      removed("{\"mcpServers\": {\n  \"a\": {},\n  \"b\": {},\n}}", "b"),
      "{\"mcpServers\": {\n  \"a\": {},\n}}"
  );
}

TEST(ConfigEdit, braces_in_yaml) {
  EXPECT_EQ(
      added("mcpServers: {a: {url: http://a}} # x\n"),
      "mcpServers: {a: {url: http://a}, \"new\": { \"url\": \"http://new/mcp\" }} # x\n"
  );
  EXPECT_EQ(
      removed("mcpServers: {a: {args: ['it''s', \"}\", a#b]}, 'b c': {url: 'h, {'}}\n", "a"),
      "mcpServers: {'b c': {url: 'h, {'}}\n"
  );
  EXPECT_EQ(
      removed("# json in yaml\n{mcpServers: {a: {}, b: {}}}\n", "b"),
      "# json in yaml\n{mcpServers: {a: {}}}\n"
  );
  EXPECT_EQ(
      added("mcpServers: {\n  # none yet\n  }\n"),
      "mcpServers: {\n  # none yet\n  \"new\": {\n    \"url\": \"http://new/mcp\"\n  }\n  }\n"
  );
}

TEST(ConfigEdit, the_key_of_VS_Code_is_used_where_it_is_there) {
  EXPECT_EQ(
      added("servers:\n  a: { url: http://a }\n"),
      "servers:\n  a: { url: http://a }\n  new:\n    url: \"http://new/mcp\"\n"
  );
  constexpr std::string_view both = "mcpServers: {}\nservers:\n  a: { url: http://a }\n";
  EXPECT_EQ(removed(both, "a"), "mcpServers: {}\nservers:\n");
  EXPECT_THAT(replaced(both, "a"), HasSubstr("servers:\n  a:\n    url: \"http://new/mcp\"\n"));
}

TEST(ConfigEdit, texts_over_several_lines_are_not_cut) {
  constexpr std::string_view before =
      "mcpServers:\n"
      "  a:\n"
      "    command: sh\n"
      "    args:\n"
      "    - -c\n"
      "    - |\n"
      "      # no comment\n"
      "      echo \"mcpServers:\"\n"
      "\n"
      "  b: { url: http://b }\n";
  EXPECT_EQ(removed(before, "a"), "mcpServers:\n  b: { url: http://b }\n");
  const auto after = added(before);
  EXPECT_EQ(after, std::string(before) + "  new:\n    url: \"http://new/mcp\"\n");
}

TEST(ConfigEdit, names_are_quoted_where_they_have_to_be) {
  for (const std::string name : {"true", "123", "a b", "a: b", "#x", "ä", "it's", "-", "null"}) {
    const auto yaml = added("mcpServers:\n  a: {}\n", name);
    EXPECT_NE(find_server(*parse_document(yaml, "f"), name), nullptr) << yaml;
    EXPECT_EQ(removed(yaml, name), "mcpServers:\n  a: {}\n");
    const auto json = added("{\"mcpServers\": {\n  \"ä\u00fc\": {}, \"a\": {}\n}}", "x" + name);
    EXPECT_NE(find_server(*parse_document(json, "f"), "x" + name), nullptr) << json;
  }
}

TEST(ConfigEdit, a_name_that_is_taken_is_refused) {
  EXPECT_EQ(
      added("mcpServers:\n  new: {}\n"),
      "error: mooring.yaml:2:3: there is a server new already; --replace puts the new one in its "
      "place"
  );
  EXPECT_EQ(
      with_server("servers: {new: {}}", "f", server("new"), Taken::refuse).error().reason,
      Reason::rejected
  );
  EXPECT_EQ(without_server("mcpServers: {}", "f", "x").error().reason, Reason::unknown_server);
}

TEST(ConfigEdit, a_broken_file_is_left_alone_with_the_place) {
  EXPECT_THAT(added("mcpServers:\n  a: [\n"), HasSubstr("error: mooring.yaml:"));
  EXPECT_THAT(added("{\"mcpServers\": {\"a\": {}, \"a\": {}}}"), HasSubstr("repeated"));
  EXPECT_THAT(
      added("mcpServers: [a, b]\n"),
      HasSubstr("mooring.yaml:1:13: mcpServers has to be a map of servers, not a list")
  );
  EXPECT_THAT(added("- a\n"), HasSubstr("the file holds a list"));
}

TEST(ConfigEdit, a_form_that_cannot_be_edited_is_refused_with_what_to_write) {
  EXPECT_EQ(
      added("x: &x { a: { url: http://a } }\nmcpServers: *x\n"),
      "error: mooring.yaml: the form of this file is not one that can be added to; write it by "
      "hand below mcpServers: new: { \"url\": \"http://new/mcp\" }"
  );
  EXPECT_THAT(added("mcpServers: ~\n"), HasSubstr("write it by hand"));
  EXPECT_THAT(added("{mcpServers: {<<: {b: {}}, a: {}}}\n# x\n"), HasSubstr("error: mooring.yaml"));
  constexpr std::string_view anchored = "mcpServers:\n  a: &a { url: http://a }\n  b: *a\n";
  EXPECT_THAT(removed(anchored, "a"), HasSubstr("a cannot be taken out"));
  EXPECT_EQ(removed(anchored, "b"), "mcpServers:\n  a: &a { url: http://a }\n");
  EXPECT_THAT(removed("? mcpServers\n: a: {}\n", "a"), HasSubstr("cannot be taken out"));
}

/// Whatever is done to a file, what is not concerned reads as before and each comment is there.
TEST(ConfigEdit, adding_and_removing_gives_the_old_file_back) {
  const std::vector<std::string> files = {
      std::string(commented),
      "mcpServers:\n  a: {}\n",
      "a: 1\nmcpServers:\n    a:\n        url: http://a\n\n\n# end\n",
      "{\n  \"mcpServers\": {\n    \"a\": {} // a\n  }\n}\n",
      "{\"mcpServers\": {\"a\": {}}, \"gateway\": {}}",
      "{\n  \"mcpServers\": {\n    \"a\": {}, /* a */\n  }, // b\n}\n",
      "mcpServers: {a: {}}\n",
      "mcpServers:\n- # nothing\n",
  };
  for (const auto& file : files) {
    const auto with = with_server(file, "f", server("new"), Taken::refuse);
    if (!with) continue;
    EXPECT_EQ(removed(*with, "new"), file) << *with;
  }
}

/// True where `text`, empty braces and blanks aside, is still there in whole.
bool keeps(std::string_view text, std::string_view in) {
  for (const char c : text) {
    if (std::string_view(" \t\r\n{}").contains(c)) continue;
    const auto at = in.find(c);
    if (at == std::string_view::npos) return false;
    in.remove_prefix(at + 1);
  }
  return true;
}

/// Whatever stands in a file, an edit is right or is refused.
TEST(ConfigEdit, no_text_is_too_odd) {
  const std::vector<std::string> files = {
      std::string(commented),
      "{\n  // a\n  \"mcpServers\": {\n    \"a\": {\"x\": [1, {}]}, // a\n    \"b\": \"}\" /* b "
      "*/\n  "
      "},\n}\n",
      "mcpServers: {a: {url: 'h', args: [x, \"y\"]}, b: {}} # x\nservers:\n  c: *d\n",
      "x: &d {e: 1}\nservers:\n  b: |\n    # text\n\n  a:\n    <<: *d\n# end\n",
  };
  const std::string_view pieces[] = {"{",  "}",  "[",  "]",  ":",    ",",  "\"",  "'",    "#",
                                     "\n", "  ", "//", "/*", "*/",   "- ", "&d ", "*d",   "|\n",
                                     "a",  "b",  "? ", "<<", "\r\n", "\t", "~",   "---\n"};
  std::minstd_rand random(7);
  int right = 0;
  for (int round = 0; round < 4000; ++round) {
    auto text = files[random() % files.size()];
    for (auto edits = random() % 4; edits-- > 0;) {
      const auto at = random() % text.size();
      text.replace(at, random() % 3, pieces[random() % std::size(pieces)]);
    }
    const auto with = with_server(text, "f", server("new"), Taken::replace);
    if (!with) continue;
    ++right;
    EXPECT_TRUE(keeps(text, *with)) << text << "\n--- became\n" << *with;
    const auto again = without_server(*with, "f", "new");
    const bool good = again || again.error().detail.ends_with("edit it by hand");
    EXPECT_TRUE(good) << text << "\n--- became\n" << *with << "\n--- " << again.error().detail;
  }
  EXPECT_GT(right, 1000);
}

}  // namespace
}  // namespace mooring::config
