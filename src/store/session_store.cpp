#include "store/session_store.hpp"

#include <array>

#include "store/database_thread.hpp"

namespace mooring::store {

namespace {

using Value = Sqlite::Value;

std::int64_t seconds(SessionStore::Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

class SqliteSessions final : public SessionStore {
 public:
  explicit SqliteSessions(Sqlite database) : thread_(std::move(database), "session state") {}

  Loaded load(Time now) override {
    Loaded loaded;
    thread_.read_now([&](Sqlite& database) { return read(database, now, loaded); });
    purge(now);
    return loaded;
  }

  void purge(Time now) override {
    for (const auto* forget :
         {"DELETE FROM revoked WHERE until <= ?", "DELETE FROM levels WHERE until <= ?",
          "DELETE FROM subscriptions WHERE until <= ?"}) {
      put(forget, {seconds(now)});
    }
  }

  void revoke(std::string key, Time until) override {
    put("DELETE FROM levels WHERE key = ?", {key});
    put("DELETE FROM subscriptions WHERE key = ?", {key});
    put("INSERT OR REPLACE INTO revoked VALUES (?, ?)", {std::move(key), seconds(until)});
  }
  void level(std::string key, std::string token, std::string server, int severity, Time until)
      override {
    put("INSERT OR REPLACE INTO levels VALUES (?, ?, ?, ?, ?)",
        {std::move(key), std::move(token), std::move(server), std::int64_t{severity}, seconds(until)
        });
  }
  void subscribe(
      std::string key, std::string token, std::string server, std::string uri, Time until
  ) override {
    put("INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, ?)",
        {std::move(key), std::move(token), std::move(server), std::move(uri), seconds(until)});
  }
  void unsubscribe(std::string key, std::string server, std::string uri) override {
    put("DELETE FROM subscriptions WHERE key = ? AND server = ? AND uri = ?",
        {std::move(key), std::move(server), std::move(uri)});
  }

 private:
  void put(const char* sql, std::vector<Value> values) {
    thread_.write([sql, values = std::move(values)](Sqlite& database) {
      return database.execute(sql, values);
    });
  }

  static Result<void> read(Sqlite& database, Time now, Loaded& loaded) {
    const auto text = [](const Value& value) { return std::get<std::string>(value); };
    const auto number = [](const Value& value) { return std::get<std::int64_t>(value); };
    const auto revoked = database.query(
        "SELECT key, until FROM revoked WHERE until > ?", {seconds(now)},
        [&](const Sqlite::Row& row) {
          loaded.revoked.emplace_back(text(row[0]), Time(std::chrono::seconds(number(row[1]))));
        }
    );
    if (!revoked) return revoked;
    const auto levels = database.query(
        "SELECT key, token, server, severity FROM levels WHERE until > ?", {seconds(now)},
        [&](const Sqlite::Row& row) {
          auto& kept = loaded.sessions[text(row[0])];
          kept.token = text(row[1]);
          kept.levels[text(row[2])] = static_cast<int>(number(row[3]));
        }
    );
    if (!levels) return levels;
    return database.query(
        "SELECT key, token, server, uri FROM subscriptions WHERE until > ?", {seconds(now)},
        [&](const Sqlite::Row& row) {
          auto& kept = loaded.sessions[text(row[0])];
          kept.token = text(row[1]);
          kept.subscriptions.emplace(text(row[2]), text(row[3]));
        }
    );
  }

  DatabaseThread thread_;
};

}  // namespace

Result<std::unique_ptr<SessionStore>> SessionStore::open(const std::filesystem::path& file) {
  auto database = Sqlite::open(file);
  if (!database) return std::unexpected(database.error());
  constexpr std::array tables = {
      "CREATE TABLE IF NOT EXISTS revoked (key TEXT PRIMARY KEY, until INTEGER)",
      "CREATE TABLE IF NOT EXISTS levels (key TEXT, token TEXT, server TEXT, severity INTEGER, "
      "until INTEGER, "
      "PRIMARY KEY (key, server))",
      "CREATE TABLE IF NOT EXISTS subscriptions (key TEXT, token TEXT, server TEXT, uri TEXT, "
      "until INTEGER, "
      "PRIMARY KEY (key, server, uri))",
  };
  for (const auto* table : tables) {
    if (const auto made = database->execute(table); !made) return std::unexpected(made.error());
  }
  return std::make_unique<SqliteSessions>(std::move(*database));
}

}  // namespace mooring::store
