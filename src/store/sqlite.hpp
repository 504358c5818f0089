#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mooring/result.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct sqlite3;

namespace mooring::store {

/// One SQLite database (WAL, 0600). Used on one thread at a time.
class Sqlite {
 public:
  using Value = std::variant<std::int64_t, std::string>;
  using Row = std::vector<Value>;

  /// Creates the file where it is missing.
  static Result<Sqlite> open(const std::filesystem::path& file);
  /// Only what is there already; the file itself is not changed by that.
  static Result<Sqlite> open_existing(const std::filesystem::path& file);
  Sqlite(Sqlite&&) noexcept = default;
  Sqlite& operator=(Sqlite&&) noexcept = default;

  /// One statement with `?` parameters.
  Result<void> execute(std::string_view sql, const std::vector<Value>& parameters = {});
  Result<void> query(
      std::string_view sql, const std::vector<Value>& parameters,
      const std::function<void(const Row&)>& take
  );

 private:
  static Result<Sqlite> connect(const std::filesystem::path& file);
  static Result<void> write_ahead(Sqlite& database);
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Sqlite(std::unique_ptr<sqlite3, Close> database) : database_(std::move(database)) {}
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace mooring::store
