#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "protocol/names.hpp"

namespace mooring::protocol {
namespace {

TEST(UriTemplate, matches_what_it_can_produce) {
  const std::vector<std::tuple<std::string, std::string, bool>> table = {
      {"test://static", "test://static", true},
      {"test://static", "test://static/x", false},
      {"test://{id}/data", "test://7/data", true},
      {"test://{id}/data", "test://7/8/data", false},
      {"test://{id}/data", "test://7/data/", false},
      {"test://{id}", "test://", true},
      {"test://{id}", "test://a%20b", true},
      {"test://{id}", "test://a?b", false},
      {"file:///{+path}", "file:///a/b/c.txt", true},
      {"file:///{path}", "file:///a/b", false},
      {"db://{table}/{row}", "db://users/1", true},
      {"db://{table}/{row}", "db://users", false},
      {"x{a,b}y", "x1,2y", true},
      {"x{#frag}", "x#a/b", true},
      {"x{#frag}", "x", true},
      {"x{#frag}", "xa", false},
      {"f{.ext}", "f.txt", true},
      {"f{.ext}", "ftxt", false},
      {"d{/a}", "d/x", true},
      {"d{/a}", "d/x/y", false},
      {"d{/a,b}", "d/x/y", true},
      {"d{/a*}", "d/x/y/z", true},
      {"p{;x,y}", "p;x=1;y=2", true},
      {"q{?a,b}", "q?a=1&b=2", true},
      {"q{?a,b}", "q", true},
      {"q{?a,b}", "q?a=x/y", true},
      {"q{?a}", "q#a", false},
      {"q?x=1{&b}", "q?x=1&b=2", true},
      {"{a}{b}{c}", "anything", true},
      {"a{", "a{", false},
      {"a{b", "ab", false},
      {"{}", "", true},
      {"", "", true},
      {"", "a", false},
      {"a}b", "a}b", true},
  };
  for (const auto& [uri_template, uri, expected] : table) {
    EXPECT_EQ(matches_uri_template(uri_template, uri), expected) << uri_template << " / " << uri;
  }
}

TEST(UriTemplate, cannot_be_made_slow) {
  std::string uri_template;
  for (int i = 0; i < 100; ++i) uri_template += "{+a}x";
  EXPECT_FALSE(matches_uri_template(uri_template + "!", std::string(5'000, 'x')));
}

}  // namespace
}  // namespace mooring::protocol
