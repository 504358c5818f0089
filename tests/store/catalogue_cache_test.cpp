#include "store/catalogue_cache.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <stdexcept>

#include "support/temporary_directory.hpp"

namespace mooring::store {
namespace {

class Catalogues : public testing::Test {
 protected:
  std::unique_ptr<CatalogueCache> open() const {
    auto cache = CatalogueCache::open(file_);
    if (!cache) throw std::runtime_error(cache.error().detail);
    return std::move(*cache);
  }
  static CachedCatalogue of(std::string server, std::string key, std::string tools) {
    return {
        std::move(server),
        std::move(key),
        R"({"protocolVersion":"2025-11-25"})",
        {std::move(tools), R"({"resources":[]})", "", R"({"prompts":[]})"}
    };
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "catalogues.db";
};

TEST_F(Catalogues, SM_13_what_a_server_offered_is_known_after_a_restart) {
  const auto seen = of("files", "k1", R"({"tools":[{"name":"read","title":"ü"}]})");
  open()->keep(seen);
  EXPECT_EQ(open()->find("files", "k1"), seen);
  EXPECT_FALSE(open()->find("git", "k1").has_value());
}

TEST_F(Catalogues, SM_14_a_what_was_seen_with_another_command_is_not_believed) {
  UpstreamConfig config;
  config.command = "mcp-files";
  const auto before = catalogue_key(config);
  const auto cache = open();
  cache->keep(of("files", before, "{}"));
  config.args = {"--all"};
  EXPECT_FALSE(cache->find("files", catalogue_key(config)).has_value());
  EXPECT_TRUE(cache->find("files", before).has_value());
}

TEST_F(Catalogues, the_last_one_kept_is_the_one_that_is_found) {
  const auto cache = open();
  cache->keep(of("files", "k1", R"({"tools":[1]})"));
  cache->keep(of("files", "k2", R"({"tools":[2]})"));
  EXPECT_FALSE(cache->find("files", "k1").has_value());
  EXPECT_EQ(cache->find("files", "k2")->lists[0], R"({"tools":[2]})");
  cache->forget("files");
  EXPECT_FALSE(cache->find("files", "k2").has_value());
}

TEST_F(Catalogues, the_key_tells_everything_apart_that_makes_a_server_another) {
  std::set<std::string> keys;
  const auto add = [&keys](auto change) {
    UpstreamConfig config;
    change(config);
    return keys.insert(catalogue_key(config)).second;
  };
  EXPECT_TRUE(add([](auto&) {}));
  EXPECT_TRUE(add([](auto& c) { c.url = "http://a"; }));
  EXPECT_TRUE(add([](auto& c) { c.command = "http://a"; }));
  EXPECT_TRUE(add([](auto& c) { c.cwd = "http://a"; }));
  EXPECT_TRUE(add([](auto& c) { c.args = {"ab", "c"}; }));
  EXPECT_TRUE(add([](auto& c) { c.args = {"a", "bc"}; }));
  EXPECT_TRUE(add([](auto& c) { c.args = {"a", "b"}; }));
  EXPECT_TRUE(add([](auto& c) { c.env = {{"a", "b"}}; }));
  EXPECT_TRUE(add([](auto& c) { c.env = {{"a", ""}, {"b", ""}}; }));
  // Neither its name nor how it is treated.
  EXPECT_FALSE(add([](auto& c) {
    c.name = "files";
    c.lazy = true;
    c.timeout = std::chrono::seconds(1);
  }));
}

TEST_F(Catalogues, nobody_else_may_read_it) {
  const auto cache = open();
  struct ::stat info{};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_FALSE(CatalogueCache::open(directory_.path()).has_value());
}

}  // namespace
}  // namespace mooring::store
