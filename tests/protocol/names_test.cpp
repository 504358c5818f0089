#include "protocol/names.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace mooring::protocol {
namespace {

bool is_allowed(const std::string& name) {
  return name.size() <= max_name && sanitize_name(name) == name;
}

TEST(Names, TOOL_01_names_are_sanitized_behind_their_server) {
  EXPECT_EQ(public_name("my-api", "list.items"), "my-api__list_items");
  EXPECT_EQ(public_name("my api", "a/b:c d"), "my_api__a_b_c_d");
  EXPECT_EQ(public_name("s", "grüße"), "s__gr____e");
  EXPECT_EQ(public_name("s", "Get_Item-2"), "s__Get_Item-2");
  EXPECT_EQ(public_name("s", ""), "s__");
  EXPECT_EQ(sanitize_name("a\nb\"c\xFF"), "a_b_c_");
}

TEST(Names, TOOL_02_long_names_are_cut_and_end_in_a_hash_of_what_they_were) {
  const std::string base(90, 'n');
  const std::string name = public_name("server", base);
  EXPECT_EQ(name.size(), 64U);
  EXPECT_EQ(name, "server__" + std::string(47, 'n') + "_" + name.substr(56));
  EXPECT_TRUE(std::ranges::all_of(name.substr(56), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }));
  EXPECT_EQ(public_name("server", base), name) << "stable";
  EXPECT_NE(public_name("server", base + "x"), name);
  EXPECT_NE(public_name("serve", "r" + base), public_name("server", base));
  EXPECT_EQ(public_name("s", std::string(61, 'n')).size(), 64U);
  EXPECT_EQ(public_name("s", std::string(61, 'n')), "s__" + std::string(61, 'n'));
  EXPECT_NE(public_name("s", std::string(62, 'n')), "s__" + std::string(62, 'n'));
  EXPECT_TRUE(is_allowed(public_name(std::string(300, '.'), std::string(300, '/'))));
}

TEST(Names, TOOL_02_the_hash_is_over_server_NUL_name) {
  // printf 's\0a.b' | sha256sum
  EXPECT_EQ(hashed_public_name("s", "a.b"), "s__a_b_407e8e5c");
}

TEST(Names, TOOL_02_a_name_does_not_depend_on_its_neighbours_unless_they_collide) {
  const std::string longname(90, 'x');
  const auto alone = assign_public_names("s", {longname});
  const auto among = assign_public_names("s", {"a", longname, "b.c"});
  EXPECT_EQ(alone[0], among[1]);
  EXPECT_EQ(among[2], "s__b_c");
}

TEST(Names, TOOL_03_neither_of_two_names_shadows_the_other) {
  const auto names = assign_public_names("s", {"a.b", "a_b", "a/b", "c"});
  EXPECT_EQ(names[1], "s__a_b") << "spelled exactly so";
  EXPECT_EQ(names[0], hashed_public_name("s", "a.b"));
  EXPECT_EQ(names[2], hashed_public_name("s", "a/b"));
  EXPECT_EQ(names[3], "s__c");
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 4U);
  for (const std::string& name : names) EXPECT_TRUE(is_allowed(name)) << name;
}

TEST(Names, TOOL_03_the_order_of_the_list_does_not_matter) {
  const auto one = assign_public_names("s", {"a.b", "a/b"});
  const auto two = assign_public_names("s", {"a/b", "a.b"});
  EXPECT_EQ(one[0], two[1]);
  EXPECT_EQ(one[1], two[0]);
  EXPECT_NE(one[0], one[1]);
}

TEST(Names, TOOL_03_the_same_name_twice_is_no_collision) {
  EXPECT_EQ(
      assign_public_names("s", {"a.b", "a.b"}), (std::vector<std::string>{"s__a_b", "s__a_b"})
  );
  EXPECT_TRUE(assign_public_names("s", {}).empty());
}

TEST(Names, TOOL_04_patterns) {
  const std::vector<std::tuple<std::string, std::string, bool>> table = {
      {"get_*", "get_item", true},
      {"get_*", "get_", true},
      {"get_*", "forget_item", false},
      {"*", "", true},
      {"*", "anything", true},
      {"", "", true},
      {"", "a", false},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"?", "", false},
      {"*a*b*", "xxaxxbxx", true},
      {"*a*b*", "xxbxxaxx", false},
      {"*.txt", "a.txt.txt", true},
      {"a**b", "ab", true},
      {"GET_*", "get_x", false},
      {"list_items", "list.items", false},
      {"list.items", "list.items", true},
      {"[a]", "a", false},
      {"a*", "b", false},
      {"*b", "ab", true},
      {"a", "ab", false},
  };
  for (const auto& [pattern, text, expected] : table) {
    EXPECT_EQ(matches_pattern(pattern, text), expected) << pattern << " / " << text;
  }
}

TEST(Names, patterns_cannot_be_made_slow) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  EXPECT_FALSE(matches_pattern(pattern + "b", std::string(20'000, 'a')));
}

TEST(Names, every_public_name_of_a_server_begins_with_its_prefix) {
  EXPECT_EQ(public_prefix("my.api"), "my_api__");
  for (const auto& server :
       {std::string("s"), std::string("a__b"), std::string(53, 'x'), std::string(54, 'x'),
        std::string(64, 'x'), std::string(100, '.')}) {
    for (const auto& name :
         {std::string(), std::string("t"), std::string(8, 't'), std::string(9, 't'),
          std::string(90, '!')}) {
      EXPECT_TRUE(public_name(server, name).starts_with(public_prefix(server))) << server << name;
      EXPECT_TRUE(hashed_public_name(server, name).starts_with(public_prefix(server)));
    }
  }
}

}  // namespace
}  // namespace mooring::protocol
