#include "upstream/catalogue.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "protocol/json_scan.hpp"

namespace mooring::upstream {
namespace {

std::string tool_page(int number, std::string_view next_cursor) {
  return fmt::format(
      R"({{"tools":[{{"name":"t{}","inputSchema":{{"type":"object"}}}}],"nextCursor":{}}})", number,
      next_cursor
  );
}

TEST(Catalogue, lists_are_named_as_the_specification_names_them) {
  EXPECT_EQ(list_method(ListKind::resource_templates), "resources/templates/list");
  EXPECT_EQ(list_member(ListKind::resource_templates), "resourceTemplates");
  EXPECT_TRUE(list_changed_covers("notifications/tools/list_changed", ListKind::tools));
  EXPECT_FALSE(list_changed_covers("notifications/tools/list_changed", ListKind::prompts));
  EXPECT_TRUE(
      list_changed_covers("notifications/resources/list_changed", ListKind::resource_templates)
  );
}

TEST(Catalogue, pages_are_put_together) {
  PageCollector pages(ListKind::tools, 50);
  EXPECT_TRUE(pages.add(tool_page(1, R"("a\"b")")));
  EXPECT_EQ(pages.cursor(), R"("a\"b")");
  EXPECT_TRUE(pages.add(tool_page(2, R"("")"))) << "an empty cursor is a cursor";
  EXPECT_FALSE(pages.add(R"({"tools":[{"name":"t3"}]})"));
  EXPECT_EQ(pages.warning(), "");
  const auto list = std::move(pages).take();
  EXPECT_TRUE(list.offered);
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[2].key, "t3");
  EXPECT_TRUE(list.single_page.empty());
  ASSERT_NE(list.find("t2"), nullptr);
  EXPECT_EQ(list.find("t2")->json, R"({"name":"t2","inputSchema":{"type":"object"}})");
  EXPECT_EQ(list.find("t4"), nullptr);
}

TEST(Catalogue, a_single_page_is_kept_as_it_is) {
  constexpr std::string_view page =
      R"({"_meta":{"x":1.0}, "tools":[{"name":"a","n":12345678901234567890123}],"other":[1e2]})";
  PageCollector pages(ListKind::tools, 50);
  EXPECT_FALSE(pages.add(page));
  EXPECT_EQ(std::move(pages).take().single_page, page);

  PageCollector spread(ListKind::prompts, 50);
  EXPECT_FALSE(spread.add("{\n\"prompts\": [\r\n{\"name\":\n\"a\"}]\n,\"nextCursor\":null}"));
  const auto list = std::move(spread).take();
  EXPECT_EQ(list.single_page.find_first_of("\r\n"), std::string::npos);
  EXPECT_FALSE(protocol::member(list.single_page, "nextCursor"));
  EXPECT_EQ(list.items.at(0).json, R"({"name":"a"})");
}

TEST(Catalogue, hints_are_read) {
  PageCollector pages(ListKind::tools, 50);
  pages.add(R"({"tools":[{"name":"a","annotations":{"readOnlyHint":true}},
      {"name":"b","annotations":{"idempotentHint":true,"readOnlyHint":false}},
      {"name":"c","annotations":null},{"name":"d","annotations":{"readOnlyHint":"true"}}]})");
  const auto list = std::move(pages).take();
  EXPECT_TRUE(list.find("a")->read_only);
  EXPECT_FALSE(list.find("a")->idempotent);
  EXPECT_TRUE(list.find("b")->idempotent);
  EXPECT_FALSE(list.find("b")->read_only);
  EXPECT_FALSE(list.find("c")->read_only);
  EXPECT_FALSE(list.find("d")->read_only);
}

TEST(Catalogue, TOOL_06a_fifty_of_sixty_pages_are_read_with_a_warning) {
  PageCollector pages(ListKind::tools, 50);
  int asked = 1;
  while (pages.add(tool_page(asked, fmt::format("\"page {}\"", asked + 1)))) {
    ASSERT_LE(++asked, 60);
  }
  EXPECT_EQ(asked, 50);
  EXPECT_EQ(pages.warning(), "tools/list: the list has more than 50 pages, the rest is not read");
  EXPECT_EQ(std::move(pages).take().items.size(), 50U);
}

TEST(Catalogue, TOOL_06b_a_cursor_that_never_changes_ends_the_list) {
  PageCollector pages(ListKind::tools, 50);
  EXPECT_TRUE(pages.add(tool_page(1, R"("same")")));
  EXPECT_FALSE(pages.add(tool_page(1, R"("same")")));
  EXPECT_NE(pages.warning(), "");
  EXPECT_EQ(std::move(pages).take().items.size(), 1U) << "the page that came twice is kept once";
}

TEST(Catalogue, TOOL_06b_a_cursor_that_was_there_before_ends_the_list) {
  PageCollector pages(ListKind::tools, 50);
  EXPECT_TRUE(pages.add(tool_page(1, R"("a")")));
  EXPECT_TRUE(pages.add(tool_page(2, R"("b")")));
  EXPECT_FALSE(pages.add(tool_page(3, R"("a")")));
  EXPECT_NE(pages.warning(), "");
  EXPECT_EQ(std::move(pages).take().items.size(), 3U);
}

TEST(Catalogue, an_item_without_a_name_is_left_out_and_the_rest_stays) {
  PageCollector pages(ListKind::tools, 50);
  EXPECT_FALSE(pages.add(
      R"({"tools":[{"name":"a"},{"title":"b"},17,{"name":""},{"name":null},{"name":"c"}],"_meta":{}})"
  ));
  EXPECT_EQ(
      pages.warning(),
      "tools/list: 4 items without a usable name left out (the first is number 2 of the list)"
  );
  const auto list = std::move(pages).take();
  EXPECT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.single_page, R"({"tools":[{"name":"a"},{"name":"c"}],"_meta":{}})");
}

TEST(Catalogue, resources_and_templates_are_known_by_their_uri) {
  PageCollector resources(ListKind::resources, 50);
  resources.add(R"({"resources":[{"uri":"a:1","name":"x"},{"name":"y"},{"uri":"a:1","name":"z"}]})"
  );
  const auto list = std::move(resources).take();
  EXPECT_EQ(list.items.size(), 2U) << "one URI may be listed twice with different names";
  PageCollector templates(ListKind::resource_templates, 50);
  templates.add(R"({"resourceTemplates":[{"uriTemplate":"a:{n}","name":"x"}]})");
  EXPECT_EQ(std::move(templates).take().items.at(0).key, "a:{n}");
}

TEST(Catalogue, what_is_no_list_is_an_empty_one_with_a_warning) {
  for (const std::string_view odd : {"{}", "null", "[]", R"({"tools":{}})", R"({"tools":null})"}) {
    PageCollector pages(ListKind::tools, 50);
    EXPECT_FALSE(pages.add(odd)) << odd;
    EXPECT_EQ(pages.warning(), "tools/list: page 1 has no array 'tools'") << odd;
    const auto list = std::move(pages).take();
    EXPECT_TRUE(list.items.empty());
    EXPECT_EQ(list.single_page, "");
  }
}

TEST(Catalogue, a_definition_over_one_mebibyte_is_kept) {
  const std::string description(std::size_t{3} << 20, 'x');
  PageCollector pages(ListKind::tools, 50);
  EXPECT_FALSE(
      pages.add(fmt::format(R"({{"tools":[{{"name":"big","description":"{}"}}]}})", description))
  );
  EXPECT_EQ(pages.warning(), "");
  EXPECT_GT(std::move(pages).take().find("big")->json.size(), description.size());
}

TEST(Catalogue, items_are_found_by_their_keys_the_first_of_equal_ones) {
  PageCollector pages(ListKind::resources, 1);
  pages.add(
      R"({"resources":[{"uri":"b"},{"uri":"a","n":1},{"uri":"c"},{"uri":"a","n":2},{"uri":"ab"}]})"
  );
  const auto list = std::move(pages).take();
  for (const auto& item : list.items) {
    ASSERT_NE(list.find(item.key), nullptr);
    EXPECT_EQ(list.find(item.key)->key, item.key);
  }
  EXPECT_EQ(list.find("a"), &list.items[1]);
  for (const auto* missing : {"", "aa", "abc", "d"}) EXPECT_EQ(list.find(missing), nullptr);
  EXPECT_EQ(CatalogueList{}.find("a"), nullptr);
}

}  // namespace
}  // namespace mooring::upstream
