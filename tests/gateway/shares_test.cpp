// What one change costs: what has not changed is not made again, and what stands after many changes
// is what would stand if nothing had ever been there before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "gateway/aggregate.hpp"
#include "gateway/described_server.hpp"
#include "gateway/public_names.hpp"
#include "gateway/routing_table.hpp"

namespace mooring::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using upstream::ListKind;

constexpr std::array kinds = {
    ListKind::tools, ListKind::prompts, ListKind::resources, ListKind::resource_templates
};

// ── the names of the servers
// ──────────────────────────────────────────────────────────────────────

std::vector<std::size_t> owners(const ServerNames& names, std::string_view public_name) {
  std::vector<std::size_t> found;
  names.for_each_owner(public_name, [&](std::size_t at) {
    found.push_back(at);
    return true;
  });
  return found;
}

TEST(ServerNames, a_server_is_found_by_its_name_and_by_what_its_tools_are_called) {
  const std::string long_name(60, 'l');
  const ServerNames names({"b", "a.b", "c__d", long_name});
  EXPECT_EQ(names.find("c__d"), 2U);
  EXPECT_FALSE(names.find("c"));
  EXPECT_THAT(owners(names, "b__x"), ElementsAre(0U));
  EXPECT_THAT(owners(names, "a_b__x__y"), ElementsAre(1U));
  EXPECT_THAT(owners(names, "c__d__x"), ElementsAre(2U));
  EXPECT_THAT(owners(names, protocol::public_name(long_name, "x")), ElementsAre(3U));
  EXPECT_THAT(owners(names, "c__x"), IsEmpty());
  EXPECT_THAT(owners(names, ""), IsEmpty());
  EXPECT_THAT(names.groups(), IsEmpty()) << "no two of these can ever meet";
}

TEST(ServerNames, servers_are_grouped_where_their_tools_may_come_to_one_name) {
  const std::string cut(54, 'x');
  const ServerNames names(
      {"a__b", "n", "a_b", cut + "1", "a", "a.b", cut + "2", "a__b__c", "n_", "z"}
  );
  EXPECT_THAT(
      names.groups(), ::testing::UnorderedElementsAre(
                          ElementsAre(0U, 4U, 7U), ElementsAre(2U, 5U), ElementsAre(1U, 8U)
                      )
  ) << "cut names differ before the cut";
  EXPECT_THAT(owners(names, "a__b__c__d"), ElementsAre(4U, 0U, 7U));
  EXPECT_EQ(ServerNames({cut + "x1", cut + "x2"}).groups().size(), 1U) << "these do not";
}

// ── what stays
// ────────────────────────────────────────────────────────────────────────────────────

TEST(Shares, what_a_server_lists_as_before_is_the_same_object) {
  auto server = Server("s").tools({"a", "b"});
  server.page(ListKind::prompts, R"({"prompts":[{"name":"p"}]})");
  server.page(ListKind::resources, R"({"resources":[{"uri":"u:1"}]})");
  const auto before = make_share(server);
  const auto after = make_share(server.tools({"a", "c"}), before.get());
  EXPECT_NE((*after)[ListKind::tools], (*before)[ListKind::tools]);
  EXPECT_EQ((*after)[ListKind::prompts], (*before)[ListKind::prompts]);
  EXPECT_EQ((*after)[ListKind::resources], (*before)[ListKind::resources]);
  EXPECT_EQ((*after)[ListKind::resource_templates], nullptr);
  EXPECT_NE((*make_share(server))[ListKind::prompts], (*before)[ListKind::prompts]);
}

TEST(Shares, a_change_of_one_server_leaves_the_bytes_of_the_others_where_they_are) {
  std::vector<std::string> names;
  std::vector<std::shared_ptr<const RoutingTable::Server>> servers;
  for (int i = 0; i < 100; ++i) {
    names.push_back(fmt::format("server{}", i));
    servers.push_back(shown_server(Server(names.back()).tools({"x", "y"})));
  }
  const auto known = std::make_shared<const ServerNames>(names);
  const auto aggregate_of = [&](const Aggregate* before) {
    std::vector<SharePtr> shares;
    for (const auto& server : servers) shares.push_back(server->share);
    return Aggregate(known, shares, before);
  };
  const auto before = aggregate_of(nullptr);
  servers[50] = shown_server(Server("server50").tools({"x", "z"}), servers[50].get());
  const auto after = aggregate_of(&before);
  const auto old_pieces = before.list(ListKind::tools, Era::legacy);
  const auto new_pieces = after.list(ListKind::tools, Era::legacy);
  ASSERT_EQ(old_pieces.size(), new_pieces.size());
  int moved = 0;
  for (std::size_t i = 1; i + 2 < new_pieces.size(); i += 2)
    moved += new_pieces[i].data() == old_pieces[i].data() ? 0 : 1;
  EXPECT_EQ(moved, 1);
  EXPECT_FALSE(after.lists_same(before, ListKind::tools));
  EXPECT_EQ(after.tool("server50__z")->name, "z");
  EXPECT_FALSE(after.tool("server50__y"));
  EXPECT_EQ(after.tool("server99__y")->server, "server99");
}

TEST(Shares, pieces_are_compared_by_their_bytes_wherever_they_are_cut) {
  EXPECT_TRUE(same_bytes({}, {}));
  EXPECT_TRUE(same_bytes({"ab", "", "c"}, {"a", "bc"}));
  EXPECT_TRUE(same_bytes({"abc"}, {"", "abc", ""}));
  EXPECT_FALSE(same_bytes({"ab", "c"}, {"ab"}));
  EXPECT_FALSE(same_bytes({"ab"}, {"ab", "c"}));
  EXPECT_FALSE(same_bytes({"ab", "c"}, {"a", "dc"}));
}

// ── the same as from the start
// ────────────────────────────────────────────────────────────────────

/// Names that meet in every way there is: by characters, by "__", by length, by a hash that
/// somebody has foreseen.
struct Foreseen {
  std::vector<std::string> servers = {
      "a",
      "b",
      "a__b",
      "a.b",
      "a_b",
      "a_",
      "c",
      "a__b__x",
      std::string(54, 's') + "x1",
      std::string(54, 's') + "x2",
      std::string(70, 's')
  };
  std::vector<std::string> tools = {
      "x",
      "b__x",
      "x.",
      "x_",
      "b.x",
      "__x",
      "_x",
      "y",
      "b__x__x",
      "x__x",
      std::string(60, 't'),
      std::string(60, 't') + "u"
  };
  std::vector<std::string> uris = {"u:1", "u:2", "u:3", "v:{x}", "v:{y}"};
  std::mt19937 random{20261129};

  Foreseen() {
    const auto hashed = protocol::hashed_public_name("a.b", "x");
    tools.push_back(hashed.substr(hashed.find("__") + 2));
  }
  std::vector<std::string> some(const std::vector<std::string>& of) {
    std::vector<std::string> chosen;
    for (const auto& each : of) {
      if (random() % 3 == 0) chosen.push_back(each);
    }
    std::ranges::shuffle(chosen, random);
    return chosen;
  }
  std::string list(std::string_view member, std::string_view key) {
    std::string items;
    for (const auto& each : some(key == "name" ? tools : uris))
      items += fmt::format(
          R"({}{{"{}":"{}","n":{}}})", items.empty() ? "" : ",", key, each, random() % 2
      );
    return fmt::format(R"({{"{}":[{}]}})", member, items);
  }
  Contribution server(const std::string& name) {
    Server made(name);
    made.tools(some(tools));
    made.page(ListKind::prompts, list("prompts", "name"));
    made.page(ListKind::resources, list("resources", "uri"));
    made.page(ListKind::resource_templates, list("resourceTemplates", "uriTemplate"));
    return made;
  }
};

using Owned = std::pair<std::string, std::string>;

/// The names of all tools, settled as one: what groups and portions must come to as well.
std::vector<std::pair<std::string, Owned>> settled_as_one(const std::vector<Contribution>& servers
) {
  std::vector<Named> all;
  for (const auto& server : servers) {
    auto wanted = wanted_names(server.server, pointers(server.lists()[ListKind::tools].items));
    std::ranges::move(wanted, std::back_inserter(all));
  }
  std::vector<std::string> warnings;
  settle_names(all, warnings);
  std::vector<std::pair<std::string, Owned>> shown;
  for (const auto& named : all) {
    if (!named.public_name.empty())
      shown.push_back({named.public_name, {std::string(named.server), std::string(named.key)}});
  }
  return shown;
}

std::vector<std::string> names_in(const std::string& result) {
  std::vector<std::string> names;
  protocol::for_each_element(*protocol::member(result, "tools"), [&](std::string_view tool) {
    names.push_back(protocol::string_member(tool, "name"));
    return true;
  });
  return names;
}

TEST(Shares, after_any_changes_all_is_as_if_made_from_the_start) {
  Foreseen world;
  const auto names = std::make_shared<const ServerNames>(world.servers);
  std::vector<Contribution> servers;
  for (const auto& name : world.servers) servers.push_back(world.server(name));
  std::vector<SharePtr> shares;
  for (const auto& server : servers) shares.push_back(make_share(server));
  auto current = std::make_unique<Aggregate>(names, shares);
  for (int round = 0; round < 300; ++round) {
    const auto at = world.random() % servers.size();
    auto changed = world.server(world.servers[at]);
    // Often only one of the lists differs.
    auto catalogue = *changed.catalogue;
    for (const auto kind : kinds) {
      if (world.random() % 2 == 0) catalogue[kind] = servers[at].lists()[kind];
    }
    changed.catalogue = std::make_shared<const upstream::Catalogue>(std::move(catalogue));
    servers[at] = changed;
    shares[at] = make_share(changed, shares[at].get());
    auto next = std::make_unique<Aggregate>(names, shares, current.get());
    const Aggregate anew(servers);
    for (const auto kind : kinds) {
      for (const auto era : {Era::legacy, Era::modern})
        ASSERT_EQ(joined(next->list(kind, era)), joined(anew.list(kind, era)));
      ASSERT_EQ(
          next->lists_same(*current, kind),
          joined(next->list(kind, Era::legacy)) == joined(current->list(kind, Era::legacy))
      ) << "round "
        << round;
    }
    ASSERT_EQ(next->warnings(), anew.warnings());
    for (const auto& uri : world.uris) {
      ASSERT_EQ(next->server_of_resource(uri), anew.server_of_resource(uri));
      ASSERT_EQ(next->server_of_template(uri), anew.server_of_template(uri));
    }
    const auto expected = settled_as_one(servers);
    std::vector<std::string> expected_names;
    for (const auto& [name, owner] : expected) {
      expected_names.push_back(name);
      const auto route = next->tool(name);
      ASSERT_TRUE(route) << name;
      ASSERT_EQ(Owned(route->server, route->name), owner) << name;
    }
    ASSERT_EQ(names_in(joined(next->list(ListKind::tools, Era::legacy))), expected_names);
    current = std::move(next);
  }
}

}  // namespace
}  // namespace mooring::gateway
