#include "store/sqlite.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <thread>

namespace mooring::store {

namespace {

constexpr int lock_time_ms = 5000;  ///< how long another connection is waited for

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

std::unexpected<Error> complain(sqlite3* database, std::string_view what) {
  return fail(Reason::io, fmt::format("{}: {}", what, sqlite3_errmsg(database)));
}

Sqlite::Value column(sqlite3_stmt* statement, int index) {
  if (sqlite3_column_type(statement, index) == SQLITE_INTEGER) {
    return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
  }
  const void* bytes = sqlite3_column_blob(statement, index);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

}  // namespace

void Sqlite::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Sqlite> Sqlite::connect(const std::filesystem::path& file) {
  // A page is allocated when it is needed: else every connection begins with twenty, for databases
  // that hold two or three.
  static const int configured = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  static_cast<void>(configured);
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Sqlite database{std::unique_ptr<sqlite3, Close>(raw)};
  if (opened != SQLITE_OK) return complain(raw, file.string());
  sqlite3_busy_timeout(raw, lock_time_ms);
  return database;
}

Result<Sqlite> Sqlite::open_existing(const std::filesystem::path& file) { return connect(file); }

Result<Sqlite> Sqlite::open(const std::filesystem::path& file) {
  // SQLite would create it with the umask's mode; its journal files take the mode of the database.
  // Only where it is missing: closing any descriptor of a file gives back all POSIX locks that this
  // process has on it, also those of another connection, whose WAL is then deleted under it.
  static std::mutex creating;
  {
    const std::lock_guard lock(creating);
    const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);
  }
  auto database = connect(file);
  if (!database) return database;
  if (const auto done = write_ahead(*database); !done) return std::unexpected(done.error());
  if (const auto done = database->execute("PRAGMA synchronous=NORMAL"); !done)
    return std::unexpected(done.error());
  return database;
}

/// Whoever comes first changes a new file; SQLite does not wait for that as it waits for locks.
Result<void> Sqlite::write_ahead(Sqlite& database) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(lock_time_ms);
  for (;;) {
    auto done = database.execute("PRAGMA journal_mode=WAL");
    const bool busy = sqlite3_errcode(database.database_.get()) == SQLITE_BUSY;
    if (done || !busy || std::chrono::steady_clock::now() >= until) return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Result<void> Sqlite::execute(std::string_view sql, const std::vector<Value>& parameters) {
  return query(sql, parameters, [](const Row&) {});
}

Result<void> Sqlite::query(
    std::string_view sql, const std::vector<Value>& parameters,
    const std::function<void(const Row&)>& take
) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(
          database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr
      ) != SQLITE_OK) {
    return complain(database_.get(), sql);
  }
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(raw);
  int index = 0;
  for (const auto& parameter : parameters) {
    ++index;
    if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
      sqlite3_bind_int64(raw, index, *number);
    } else {
      const auto& text = std::get<std::string>(parameter);
      sqlite3_bind_text(raw, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
  }
  for (;;) {
    const int step = sqlite3_step(raw);
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return complain(database_.get(), sql);
    Row row;
    for (int i = 0; i < sqlite3_column_count(raw); ++i) row.push_back(column(raw, i));
    take(row);
  }
}

}  // namespace mooring::store
