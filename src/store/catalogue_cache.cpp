#include "store/catalogue_cache.hpp"

#include <fmt/format.h>

#include "core/hash.hpp"
#include "store/database_thread.hpp"

namespace mooring::store {

namespace {

constexpr auto table =
    "CREATE TABLE IF NOT EXISTS catalogues (server TEXT PRIMARY KEY, key TEXT, initialize TEXT, "
    "tools TEXT, resources TEXT, resource_templates TEXT, prompts TEXT)";

class SqliteCatalogues final : public CatalogueCache {
 public:
  explicit SqliteCatalogues(Sqlite database) : thread_(std::move(database), "catalogues") {}

  std::optional<CachedCatalogue> find(const std::string& server, const std::string& key) override {
    std::optional<CachedCatalogue> found;
    thread_.read_now([&](Sqlite& database) {
      return database.query(
          "SELECT initialize, tools, resources, resource_templates, prompts FROM catalogues "
          "WHERE server = ? AND key = ?",
          {server, key},
          [&](const Sqlite::Row& row) {
            const auto text = [&row](std::size_t i) { return std::get<std::string>(row[i]); };
            found = CachedCatalogue{server, key, text(0), {text(1), text(2), text(3), text(4)}};
          }
      );
    });
    return found;
  }

  void keep(CachedCatalogue catalogue) override {
    put("INSERT OR REPLACE INTO catalogues VALUES (?, ?, ?, ?, ?, ?, ?)",
        {std::move(catalogue.server), std::move(catalogue.key), std::move(catalogue.initialize),
         std::move(catalogue.lists[0]), std::move(catalogue.lists[1]),
         std::move(catalogue.lists[2]), std::move(catalogue.lists[3])});
  }

  void forget(std::string server) override {
    put("DELETE FROM catalogues WHERE server = ?", {std::move(server)});
  }

 private:
  void put(const char* sql, std::vector<Sqlite::Value> values) {
    thread_.write([sql, values = std::move(values)](Sqlite& database) {
      return database.execute(sql, values);
    });
  }

  DatabaseThread thread_;
};

}  // namespace

std::string catalogue_key(const UpstreamConfig& config) {
  // Lengths before the texts: no two configurations spell the same.
  std::string all;
  const auto add = [&all](const std::string& text) {
    all += fmt::format("{}:{}", text.size(), text);
  };
  add(config.url);
  add(config.command);
  add(config.cwd);
  all += fmt::format("{} args ", config.args.size());
  for (const auto& argument : config.args) add(argument);
  for (const auto& [name, value] : config.env) {
    add(name);
    add(value);
  }
  return core::sha256_hex(all);
}

Result<std::unique_ptr<CatalogueCache>> CatalogueCache::open(const std::filesystem::path& file) {
  auto database = Sqlite::open(file);
  if (!database) return std::unexpected(database.error());
  if (const auto made = database->execute(table); !made) return std::unexpected(made.error());
  return std::make_unique<SqliteCatalogues>(std::move(*database));
}

}  // namespace mooring::store
