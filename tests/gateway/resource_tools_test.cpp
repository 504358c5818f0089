#include "gateway/resource_tools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/json_scan.hpp"

namespace mooring::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names(std::string_view capabilities) {
  std::vector<std::string> out;
  for (const auto& tool : utility_tools(capabilities)) {
    EXPECT_FALSE(protocol::validate(tool)) << tool;
    EXPECT_TRUE(protocol::member(tool, "inputSchema")) << tool;
    out.push_back(protocol::string_member(tool, "name"));
  }
  return out;
}

TEST(ResourceTools, TOOL_07_only_what_the_server_advertises) {
  EXPECT_THAT(names(R"({"tools":{}})"), IsEmpty());
  EXPECT_THAT(names(R"({"tools":{},"prompts":{}})"), ElementsAre("list_prompts", "get_prompt"));
  EXPECT_THAT(
      names(R"({"resources":{"subscribe":true}})"), ElementsAre("list_resources", "read_resource")
  );
  EXPECT_THAT(
      names(R"({"prompts":{},"resources":{}})"),
      ElementsAre("list_resources", "read_resource", "list_prompts", "get_prompt")
  );
  EXPECT_THAT(names(R"({"resources":null})"), IsEmpty());
  EXPECT_THAT(names(""), IsEmpty());
}

TEST(ResourceTools, TOOL_08a_read_resource_without_uri_is_an_error) {
  for (const std::string_view arguments :
       {"", "{}", R"({"uri":null})", R"({"uri":""})", R"({"uri":7})"}) {
    const auto call = utility_call("read_resource", arguments);
    ASSERT_TRUE(call) << arguments;
    ASSERT_FALSE(call->has_value()) << arguments;
    EXPECT_EQ(call->error(), "read_resource needs the argument 'uri', a string");
  }
  EXPECT_FALSE(utility_call("get_prompt", "{}")->has_value());
  EXPECT_FALSE(utility_call("get_prompt", R"({"name":"p","arguments":[1]})")->has_value());
}

TEST(ResourceTools, TOOL_08b_prompt_arguments_reach_the_server_as_strings) {
  const auto call = utility_call("get_prompt", R"({"name":"p","arguments":{"n":1,"x":null}})");
  ASSERT_TRUE(call && call->has_value());
  EXPECT_EQ((*call)->method, "prompts/get");
  EXPECT_EQ((*call)->params, R"({"name":"p","arguments":{"n":"1"}})");
}

TEST(ResourceTools, a_utility_tool_means_a_request) {
  const auto read = utility_call("read_resource", R"({"uri":"file:///a\u0062","extra":1})");
  ASSERT_TRUE(read && read->has_value());
  EXPECT_EQ((*read)->method, "resources/read");
  EXPECT_EQ((*read)->params, R"({"uri":"file:///a\u0062"})");
  const auto list = utility_call("list_resources", "");
  ASSERT_TRUE(list && list->has_value());
  EXPECT_EQ((*list)->method, "resources/list");
  EXPECT_EQ((*list)->params, "{}");
  const auto next = utility_call("list_prompts", R"({"cursor":"c"})");
  ASSERT_TRUE(next && next->has_value());
  EXPECT_EQ((*next)->params, R"({"cursor":"c"})");
  EXPECT_FALSE(utility_call("search", "{}"));
}

TEST(ResourceTools, results_become_text) {
  EXPECT_EQ(
      as_tool_result(
          "resources/read",
          R"({"contents":[{"uri":"a:1","text":"x\ny"},{"uri":"a:2","blob":"AA=="}]})"
      ),
      R"({"content":[{"type":"text","text":"x\ny"},)"
      R"({"type":"text","text":"{\"uri\":\"a:2\",\"blob\":\"AA==\"}"}]})"
  );
  EXPECT_EQ(
      as_tool_result("prompts/get", R"({"messages":[]})"),
      R"({"content":[{"type":"text","text":"{\"messages\":[]}"}]})"
  );
  EXPECT_EQ(as_tool_result("resources/read", R"({"contents":[]})"), R"({"content":[]})");
}

}  // namespace
}  // namespace mooring::gateway
