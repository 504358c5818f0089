#pragma once

#include <functional>
#include <memory>
#include <mooring/result.hpp>
#include <optional>
#include <string>

#include "auth/grant.hpp"

namespace mooring::auth {

/// Whose grant it is. `server` is the URL of the MCP server without query and fragment: the issuer
/// and the resource are only known once that was asked.
struct GrantKey {
  std::string server;
  std::string principal;

  auto operator<=>(const GrantKey&) const = default;
};

/// Where grants and registrations outlive the process, for all processes of one user. Safe from any
/// thread. Everything that changes is one transaction: readers, and whoever comes after a kill -9,
/// see the old state or the new one. `then` runs once, on whatever thread the store likes.
class CredentialStore {
 public:
  virtual ~CredentialStore() = default;

  /// The grant of a server; empty: none. What cannot be decrypted is an error (Reason::config)
  /// that names the key, and stays.
  virtual void find(GrantKey key, std::function<void(Result<std::optional<Grant>>)> then) = 0;
  /// Takes the place of the grant of this server and principal. On disk when `then` runs.
  virtual void keep(GrantKey key, Grant grant, std::function<void(Result<void>)> then) = 0;
  virtual void forget(GrantKey key, std::function<void(Result<void>)> then) = 0;

  /// Our registration at an issuer.
  virtual void find_registration(
      std::string issuer, std::function<void(Result<std::optional<Registration>>)> then
  ) = 0;
  virtual void keep_registration(
      Registration registration, std::function<void(Result<void>)> then
  ) = 0;
  virtual void forget_registration(std::string issuer, std::function<void(Result<void>)> then) = 0;

  /// Held by one refresher at a time, over all processes; given back when destroyed, and by the
  /// system when its process dies.
  class Lock {
   public:
    virtual ~Lock() = default;
  };
  /// Null: somebody else holds it; try again soon. Never waits. Reason::io where locks cannot be
  /// made at all.
  virtual Result<std::unique_ptr<Lock>> try_lock(const GrantKey& key) = 0;
};

/// Lives and dies with the process: for programs that keep nothing, and for tests. Calls `then` at
/// once.
std::shared_ptr<CredentialStore> memory_store();

}  // namespace mooring::auth
