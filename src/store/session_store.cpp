#include "store/session_store.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/log.hpp"
#include "store/sqlite.hpp"

namespace mooring::store {

namespace {

using Value = Sqlite::Value;

constexpr std::size_t most_queued = 10'000;  ///< a disk that hangs must not eat the memory

std::int64_t seconds(SessionStore::Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

struct Write {
  const char* sql;
  std::vector<Value> values;
};

class SqliteSessions final : public SessionStore {
 public:
  explicit SqliteSessions(Sqlite database)
      : database_(std::move(database)), thread_([this] { work(); }) {}

  ~SqliteSessions() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  Loaded load(Time now) override {
    const std::lock_guard lock(database_mutex_);
    Loaded loaded;
    for (const auto* table : {"revoked", "levels", "subscriptions"}) {
      note(database_.execute(
          std::string("DELETE FROM ") + table + " WHERE until <= ?", {seconds(now)}
      ));
    }
    const auto text = [](const Value& value) { return std::get<std::string>(value); };
    const auto number = [](const Value& value) { return std::get<std::int64_t>(value); };
    note(database_.query("SELECT key, until FROM revoked", {}, [&](const Sqlite::Row& row) {
      loaded.revoked.emplace_back(text(row[0]), Time(std::chrono::seconds(number(row[1]))));
    }));
    note(database_.query(
        "SELECT key, token, server, severity FROM levels", {},
        [&](const Sqlite::Row& row) {
          auto& kept = loaded.sessions[text(row[0])];
          kept.token = text(row[1]);
          kept.levels[text(row[2])] = static_cast<int>(number(row[3]));
        }
    ));
    note(database_.query(
        "SELECT key, token, server, uri FROM subscriptions", {},
        [&](const Sqlite::Row& row) {
          auto& kept = loaded.sessions[text(row[0])];
          kept.token = text(row[1]);
          kept.subscriptions.emplace(text(row[2]), text(row[3]));
        }
    ));
    return loaded;
  }

  void revoke(std::string key, Time until) override {
    put({"DELETE FROM levels WHERE key = ?", {key}});
    put({"DELETE FROM subscriptions WHERE key = ?", {key}});
    put({"INSERT OR REPLACE INTO revoked VALUES (?, ?)", {std::move(key), seconds(until)}});
  }
  void level(std::string key, std::string token, std::string server, int severity, Time until)
      override {
    put(
        {"INSERT OR REPLACE INTO levels VALUES (?, ?, ?, ?, ?)",
         {std::move(key), std::move(token), std::move(server), std::int64_t{severity},
          seconds(until)}}
    );
  }
  void subscribe(
      std::string key, std::string token, std::string server, std::string uri, Time until
  ) override {
    put(
        {"INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, ?)",
         {std::move(key), std::move(token), std::move(server), std::move(uri), seconds(until)}}
    );
  }
  void unsubscribe(std::string key, std::string server, std::string uri) override {
    put(
        {"DELETE FROM subscriptions WHERE key = ? AND server = ? AND uri = ?",
         {std::move(key), std::move(server), std::move(uri)}}
    );
  }

 private:
  void put(Write write) {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= most_queued) return;
      queue_.push_back(std::move(write));
    }
    wake_.notify_one();
  }

  void work() {
    for (;;) {
      std::deque<Write> batch;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        batch.swap(queue_);
      }
      const std::lock_guard lock(database_mutex_);
      note(database_.execute("BEGIN"));
      for (const auto& write : batch) note(database_.execute(write.sql, write.values));
      note(database_.execute("COMMIT"));
    }
  }

  static void note(const Result<void>& done) {
    if (!done) core::log::warn("store", "session state not kept: {}", done.error().detail);
  }

  Sqlite database_;
  std::mutex database_mutex_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Write> queue_;
  bool closing_ = false;
  std::thread thread_;
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
