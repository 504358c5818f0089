#include "transport/line_watch.hpp"

#include <gtest/gtest.h>

namespace mooring::transport {
namespace {

using Ids = std::vector<std::string>;

TEST(LineWatch, small_lines_are_nothing) {
  LineWatch watch(10);
  EXPECT_EQ(watch.feed("abc\n\n0123456789\n"), Ids{});
}

TEST(LineWatch, finds_the_id_wherever_it_stands_and_however_it_is_cut) {
  const std::vector<std::pair<std::string, std::string>> lines = {
      {R"({"jsonrpc":"2.0","id":5,"result":{"id":6,"a":[{"id":7}]}})", "5"},
      {R"({"result":{"id":6},"jsonrpc":"2.0", "id" : "x\"}y" })", R"("x\"}y")"},
      {R"({"result":"\"id\":9,","jsonrpc":"2.0","id":-5})", "-5"},
      {R"({"jsonrpc":"2.0","method":"notifications/x","params":{"id":1}})", ""},
      {R"(["id",3,{"id":4}] and more)", ""},
      {R"(}}}} no json at all ]]])", ""},
  };
  for (const auto& [line, id] : lines) {
    const auto text = line + "\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      LineWatch watch(10);
      auto found = watch.feed(text.substr(0, cut));
      for (auto& more : watch.feed(text.substr(cut))) found.push_back(std::move(more));
      EXPECT_EQ(found, Ids{id}) << line << " cut at " << cut;
    }
  }
}

TEST(LineWatch, lines_do_not_leak_into_each_other) {
  LineWatch watch(15);
  EXPECT_EQ(watch.feed("{\"id\":1,\"result\":{"), Ids{});
  EXPECT_EQ(watch.feed("}}\n{\"id\":2}\n{\"result\":\"xxxxxxxxxxxxxxxxxxxx"), (Ids{"1"}));
  EXPECT_EQ(watch.feed("\"}\n"), (Ids{""}));
}

}  // namespace
}  // namespace mooring::transport
