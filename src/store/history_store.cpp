#include "store/history_store.hpp"

#include <array>
#include <boost/json.hpp>
#include <map>
#include <mutex>

#include "core/redact.hpp"
#include "store/database_thread.hpp"

namespace mooring::store {

namespace {

namespace json = boost::json;
using recovery::Episode;
using Outcome = Episode::Outcome;
using std::chrono::milliseconds;

constexpr int trim_every = 100;  ///< episodes; a few more than `most_kept` do no harm

constexpr std::array tables = {
    "CREATE TABLE IF NOT EXISTS episodes (id TEXT PRIMARY KEY, server TEXT, begun INTEGER, "
    "outcome TEXT, cause TEXT, evidence TEXT, took INTEGER, generation_before INTEGER, "
    "generation_after INTEGER, attempts INTEGER, calls_saved INTEGER, calls_failed INTEGER, "
    "calls_unknown INTEGER, steps TEXT)",
    "CREATE INDEX IF NOT EXISTS episodes_by_time ON episodes (begun)",
    "CREATE INDEX IF NOT EXISTS episodes_by_server ON episodes (server, begun)",
};
constexpr auto upsert =
    "INSERT INTO episodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, cause = excluded.cause, "
    "evidence = excluded.evidence, took = excluded.took, "
    "generation_after = excluded.generation_after, attempts = excluded.attempts, "
    "calls_saved = excluded.calls_saved, calls_failed = excluded.calls_failed, "
    "calls_unknown = excluded.calls_unknown, steps = excluded.steps";
constexpr auto select =
    "SELECT id, server, begun, outcome, cause, evidence, took, generation_before, "
    "generation_after, attempts, calls_saved, calls_failed, calls_unknown, steps FROM episodes "
    "WHERE begun >= ? ";

std::int64_t since_epoch(Episode::Time time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

std::string written(const std::vector<Episode::Step>& steps) {
  json::array all;
  for (const auto& step : steps) {
    all.push_back(json::array{step.at.count(), core::redact(step.what)});
  }
  return json::serialize(all);
}

std::vector<Episode::Step> steps_in(const std::string& text) {
  std::vector<Episode::Step> steps;
  boost::system::error_code error;
  const auto all = json::parse(text, error);
  if (error || !all.is_array()) return steps;
  for (const auto& each : all.as_array()) {
    if (!each.is_array() || each.as_array().size() != 2) continue;
    const auto& at = each.as_array()[0];
    const auto& what = each.as_array()[1];
    if (!at.is_int64() || !what.is_string()) continue;
    steps.push_back({milliseconds(at.as_int64()), std::string(what.as_string())});
  }
  return steps;
}

std::vector<Sqlite::Value> row_of(const Episode& episode) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  return {
      episode.id,
      episode.server,
      since_epoch(episode.begun),
      std::string(to_string(episode.outcome)),
      episode.cause,
      core::redact(episode.evidence),
      std::int64_t{episode.took.count()},
      number(episode.generation_before),
      number(episode.generation_after),
      number(episode.attempts),
      number(episode.calls_saved),
      number(episode.calls_failed),
      number(episode.calls_unknown),
      written(episode.steps)
  };
}

Episode episode_of(const Sqlite::Row& row) {
  const auto text = [&row](std::size_t i) {
    const auto* value = std::get_if<std::string>(&row[i]);
    return value == nullptr ? std::string() : *value;
  };
  const auto number = [&row](std::size_t i) {
    const auto* value = std::get_if<std::int64_t>(&row[i]);
    return value == nullptr ? std::int64_t{0} : *value;
  };
  const auto count = [&](std::size_t i) { return static_cast<std::uint64_t>(number(i)); };
  Episode episode;
  episode.id = text(0);
  episode.server = text(1);
  episode.begun = Episode::Time(milliseconds(number(2)));
  episode.outcome = recovery::outcome_of(text(3));
  episode.cause = text(4);
  episode.evidence = text(5);
  episode.took = milliseconds(number(6));
  episode.generation_before = count(7);
  episode.generation_after = count(8);
  episode.attempts = count(9);
  episode.calls_saved = count(10);
  episode.calls_failed = count(11);
  episode.calls_unknown = count(12);
  episode.steps = steps_in(text(13));
  return episode;
}

Result<void> select_into(
    Sqlite& database, const HistoryQuery& query, HistoryStore::Episodes& found
) {
  std::string sql = select;
  std::vector<Sqlite::Value> values = {
      query.since ? since_epoch(*query.since) : std::numeric_limits<std::int64_t>::min()
  };
  if (!query.server.empty()) {
    sql += "AND server = ? ";
    values.emplace_back(query.server);
  }
  sql += "ORDER BY begun DESC, rowid DESC LIMIT ?";
  values.emplace_back(static_cast<std::int64_t>(query.limit));
  return database.query(sql, values, [&found](const Sqlite::Row& row) {
    found.push_back(episode_of(row));
  });
}

Result<void> trim(Sqlite& database, Episode::Time now) {
  const auto oldest = since_epoch(now - HistoryStore::kept_for);
  if (const auto done = database.execute("DELETE FROM episodes WHERE begun < ?", {oldest}); !done) {
    return done;
  }
  return database.execute(
      "DELETE FROM episodes WHERE rowid IN "
      "(SELECT rowid FROM episodes ORDER BY begun DESC, rowid DESC LIMIT -1 OFFSET ?)",
      {static_cast<std::int64_t>(HistoryStore::most_kept)}
  );
}

class SqliteHistory final : public HistoryStore {
 public:
  explicit SqliteHistory(Sqlite database) : thread_(std::move(database), "recovery history") {}

  void record(Episode episode) override {
    const auto id = episode.id;
    {
      // A loss with many calls in flight is told once for each: the last word is enough.
      const std::lock_guard lock(mutex_);
      if (!waiting_.insert_or_assign(id, std::move(episode)).second) return;
    }
    const bool queued = thread_.write([this, id](Sqlite& database) { return write(database, id); });
    if (queued) return;
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
  }

  void find(HistoryQuery query, std::function<void(Episodes)> take) override {
    thread_.read([query = std::move(query), take = std::move(take)](Sqlite& database) {
      Episodes found;
      auto done = select_into(database, query, found);
      take(std::move(found));
      return done;
    });
  }

 private:
  Result<void> write(Sqlite& database, const std::string& id) {
    Episode episode;
    {
      const std::lock_guard lock(mutex_);
      auto waiting = waiting_.extract(id);
      if (waiting.empty()) return {};
      episode = std::move(waiting.mapped());
    }
    if (auto done = database.execute(upsert, row_of(episode)); !done) return done;
    if (++written_ % trim_every != 0) return {};
    return trim(database, episode.begun);
  }

  std::mutex mutex_;
  std::map<std::string, Episode> waiting_;  ///< by id
  int written_ = 0;                         ///< on the database's thread
  DatabaseThread thread_;
};

}  // namespace

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(
    const std::filesystem::path& file, Time now
) {
  auto database = Sqlite::open(file);
  if (!database) return std::unexpected(database.error());
  for (const auto* table : tables) {
    if (const auto made = database->execute(table); !made) return std::unexpected(made.error());
  }
  // Another gateway on the same file repairs this for its own with its next word on them.
  const auto closed = database->execute(
      "UPDATE episodes SET outcome = ? WHERE outcome = ?",
      {std::string(to_string(Outcome::superseded)), std::string(to_string(Outcome::running))}
  );
  if (!closed) return std::unexpected(closed.error());
  if (const auto trimmed = trim(*database, now); !trimmed) {
    return std::unexpected(trimmed.error());
  }
  return std::make_unique<SqliteHistory>(std::move(*database));
}

Result<HistoryStore::Episodes> HistoryStore::read(
    const std::filesystem::path& file, const HistoryQuery& query
) {
  auto database = Sqlite::open_existing(file);
  if (!database) return std::unexpected(database.error());
  Episodes found;
  if (const auto done = select_into(*database, query, found); !done) {
    return std::unexpected(done.error());
  }
  for (auto& episode : found) {
    if (episode.outcome == Outcome::running) episode.outcome = Outcome::superseded;
  }
  return found;
}

}  // namespace mooring::store
