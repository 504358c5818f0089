#include "store/credential_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "core/base64.hpp"
#include "core/file.hpp"
#include "core/hash.hpp"
#include "core/redact.hpp"
#include "store/database_thread.hpp"

namespace mooring::store {

namespace fs = std::filesystem;
using auth::Grant;
using auth::GrantKey;
using auth::Registration;

namespace {

/// A flock: the system gives it back when the process ends, in whatever way.
class FileLock final : public auth::CredentialStore::Lock {
 public:
  explicit FileLock(int file) : file_(file) {}
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() override { ::close(file_); }

 private:
  int file_;
};

/// To which row a sealed value belongs: it opens in no other.
std::string context_of(const GrantKey& key) {
  return fmt::format("grant\n{} {}\n{}", key.server.size(), key.server, key.principal);
}
std::string context_of(const std::string& issuer) { return "registration\n" + issuer; }

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch()
  )
      .count();
}

class SqliteCredentials final : public auth::CredentialStore {
 public:
  SqliteCredentials(Sqlite database, fs::path locks, core::SealKey key)
      : locks_(std::move(locks)), sealer_(key), thread_(std::move(database), "credentials") {}

  void find(GrantKey key, std::function<void(Result<std::optional<Grant>>)> then) override {
    look_up<Grant>(
        "SELECT sealed FROM grants WHERE server = ? AND principal = ?", {key.server, key.principal},
        context_of(key), &auth::grant_from_json, std::move(then)
    );
  }
  void keep(GrantKey key, Grant grant, std::function<void(Result<void>)> then) override {
    const auto sealed = sealer_.seal(to_json(grant), context_of(key));
    put("INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?, ?, ?)",
        {key.server, key.principal, grant.issuer, grant.resource, sealed, now()}, std::move(then));
  }
  void forget(GrantKey key, std::function<void(Result<void>)> then) override {
    put("DELETE FROM grants WHERE server = ? AND principal = ?", {key.server, key.principal},
        std::move(then));
  }
  void find_registration(
      std::string issuer, std::function<void(Result<std::optional<Registration>>)> then
  ) override {
    look_up<Registration>(
        "SELECT sealed FROM registrations WHERE issuer = ?", {issuer}, context_of(issuer),
        &auth::registration_from_json, std::move(then)
    );
  }
  void keep_registration(Registration registration, std::function<void(Result<void>)> then)
      override {
    const auto sealed = sealer_.seal(to_json(registration), context_of(registration.issuer));
    put("INSERT OR REPLACE INTO registrations VALUES (?, ?, ?)",
        {registration.issuer, sealed, now()}, std::move(then));
  }
  void forget_registration(std::string issuer, std::function<void(Result<void>)> then) override {
    put("DELETE FROM registrations WHERE issuer = ?", {issuer}, std::move(then));
  }

  Result<std::unique_ptr<Lock>> try_lock(const GrantKey& key) override {
    // A server may be named anything: its name is no part of a path.
    const auto path = locks_ / (core::sha256_hex(context_of(key)) + ".lock");
    const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
      return fail(Reason::io, fmt::format("{}: {}", path.string(), std::strerror(errno)));
    auto lock = std::make_unique<FileLock>(file);
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EWOULDBLOCK) return std::unique_ptr<Lock>();
    return fail(Reason::io, fmt::format("{}: {}", path.string(), std::strerror(errno)));
  }

 private:
  using Values = std::vector<Sqlite::Value>;

  /// One statement is one transaction, on disk when it returns.
  void put(std::string sql, Values values, std::function<void(Result<void>)> then) {
    thread_.read([sql = std::move(sql), values = std::move(values),
                  then = std::move(then)](Sqlite& database) {
      auto done = database.execute(sql, values);
      then(done);
      return done;
    });
  }

  template <class T, class Read>
  void look_up(
      std::string sql, Values values, std::string context, Read read,
      std::function<void(Result<std::optional<T>>)> then
  ) {
    thread_.read([this, sql = std::move(sql), values = std::move(values),
                  context = std::move(context), read, then = std::move(then)](Sqlite& database) {
      std::optional<std::string> sealed;
      const auto done = database.query(sql, values, [&](const Sqlite::Row& row) {
        sealed = std::get<std::string>(row[0]);
      });
      if (!done) {
        then(std::unexpected(done.error()));
      } else if (!sealed) {
        then(std::optional<T>());
      } else {
        then(opened<T>(*sealed, context, read));
      }
      return done;
    });
  }

  template <class T, class Read>
  Result<std::optional<T>> opened(const std::string& sealed, const std::string& context, Read read)
      const {
    const auto plain = sealer_.open(sealed, context);
    if (!plain) {
      return fail(
          Reason::config,
          "the stored credentials were sealed with another key: set MOORING_KEY, or put "
          "credentials.key back, as it was; or sign in again with mooring login"
      );
    }
    auto value = read(*plain);
    if (!value) return std::unexpected(value.error());
    return std::optional<T>(std::move(*value));
  }

  fs::path locks_;
  core::Sealer sealer_;
  DatabaseThread thread_;
};

std::optional<std::string> key_bytes(std::string_view text) {
  constexpr std::size_t size = 32;
  if (text.size() == 2 * size) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      unsigned value = 0;
      const auto [end, wrong] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
      if (wrong != std::errc{} || end != text.data() + i + 2) return std::nullopt;
      bytes += static_cast<char>(value);
    }
    return bytes;
  }
  auto bytes = core::base64_decode(text);
  if (!bytes) bytes = core::base64url_decode(text);
  if (!bytes || bytes->size() != size) return std::nullopt;
  return bytes;
}

}  // namespace

Result<std::shared_ptr<auth::CredentialStore>> open_credentials(
    const fs::path& state_dir, core::SealKey key
) {
  const auto locks = state_dir / "locks";
  for (const auto& directory : {state_dir, locks}) {
    if (const auto made = core::ensure_private_dir(directory); !made)
      return std::unexpected(made.error());
  }
  auto database = Sqlite::open(state_dir / "credentials.db");
  if (!database) return std::unexpected(database.error());
  constexpr std::array statements = {
      // A rotated refresh token that a power cut takes back is a lost sign-in.
      "PRAGMA synchronous=FULL",
      // What is replaced does not stay in the file.
      "PRAGMA secure_delete=ON",
      "CREATE TABLE IF NOT EXISTS grants (server TEXT, principal TEXT, issuer TEXT, resource TEXT, "
      "sealed TEXT, updated INTEGER, PRIMARY KEY (server, principal))",
      "CREATE TABLE IF NOT EXISTS registrations (issuer TEXT PRIMARY KEY, sealed TEXT, updated "
      "INTEGER)",
  };
  for (const auto* statement : statements) {
    if (const auto done = database->execute(statement); !done) return std::unexpected(done.error());
  }
  return std::make_shared<SqliteCredentials>(std::move(*database), locks, key);
}

Result<std::shared_ptr<auth::CredentialStore>> open_credentials(const fs::path& state_dir) {
  const char* named = std::getenv("MOORING_KEY");
  const auto key = credential_key(
      state_dir, named == nullptr ? std::nullopt : std::optional<std::string>(named)
  );
  if (!key) return std::unexpected(key.error());
  return open_credentials(state_dir, *key);
}

Result<core::SealKey> credential_key(
    const fs::path& state_dir, const std::optional<std::string>& from_environment
) {
  if (!from_environment || from_environment->empty())
    return core::load_or_create_key(state_dir / "credentials.key");
  core::register_secret(*from_environment);
  const auto bytes = key_bytes(*from_environment);
  if (!bytes) {
    return fail(
        Reason::config,
        "MOORING_KEY is not 32 bytes as 64 hex digits or base64; make one with openssl rand -hex 32"
    );
  }
  core::SealKey key{};
  std::ranges::copy(*bytes, key.begin());
  return key;
}

}  // namespace mooring::store
