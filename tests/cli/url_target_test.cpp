#include "cli/url_target.hpp"

#include <gtest/gtest.h>

#include "core/paths.hpp"

namespace mooring::cli {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

TEST(UrlTarget, headers_are_read_with_and_without_a_blank) {
  const auto to = url_target("https://mcp.test/mcp", {"A: one two", "B:three:four", "C:"});
  ASSERT_TRUE(to) << to.error().detail;
  EXPECT_EQ(to->name, "mcp.test");
  EXPECT_EQ(to->headers, (Headers{{"A", "one two"}, {"B", "three:four"}, {"C", ""}}));
}

TEST(UrlTarget, what_is_wrong_is_named_and_no_value_is) {
  for (const auto* header :
       {"planted", ": planted", "A b: planted", "A: ${NOT_SET_ANYWHERE}planted", "A: plan\r\nted"
       }) {
    const auto to = url_target("https://mcp.test/mcp", {header});
    ASSERT_FALSE(to) << header;
    EXPECT_EQ(to.error().reason, Reason::usage);
    EXPECT_EQ(to.error().detail.find("plan"), std::string::npos) << to.error().detail;
  }
  EXPECT_FALSE(url_target("ftp://mcp.test/mcp", {}));
}

TEST(UrlTarget, variables_are_looked_up_again_for_every_session) {
  const auto to = url_target("https://mcp.test/mcp", {"A: ${NOT_SET_ANYWHERE:-x}"});
  ASSERT_TRUE(to);
  EXPECT_EQ(to->headers, (Headers{{"A", "x"}}));
  EXPECT_EQ(to->header_templates, (Headers{{"A", "${NOT_SET_ANYWHERE:-x}"}}));
}

TEST(UrlTarget, the_login_command_can_be_pasted_into_a_shell) {
  const auto usual = core::state_dir();
  EXPECT_EQ(login_target("https://mcp.test/a?key=secret", usual), "https://mcp.test/a");
  EXPECT_EQ(login_target("https://mcp.test/$(x)", usual), "'https://mcp.test/$(x)'");
  EXPECT_EQ(login_target("https://mcp.test/it's", usual), R"('https://mcp.test/it'\''s')");
  EXPECT_EQ(
      login_target("https://mcp.test/a", "/a state/of"),
      "https://mcp.test/a --state-dir '/a state/of'"
  );
}

}  // namespace
}  // namespace mooring::cli
