#include <map>
#include <mutex>
#include <set>

#include "auth/credential_store.hpp"

namespace mooring::auth {

namespace {

/// Outlives the locks that were given out.
struct Shared {
  std::mutex mutex;
  std::map<GrantKey, Grant> grants;
  std::map<std::string, Registration> registrations;
  std::set<GrantKey> locked;
};

class MemoryLock final : public CredentialStore::Lock {
 public:
  MemoryLock(std::shared_ptr<Shared> shared, GrantKey key)
      : shared_(std::move(shared)), key_(std::move(key)) {}
  MemoryLock(const MemoryLock&) = delete;
  MemoryLock& operator=(const MemoryLock&) = delete;
  ~MemoryLock() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->locked.erase(key_);
  }

 private:
  std::shared_ptr<Shared> shared_;
  GrantKey key_;
};

template <class Map>
std::optional<typename Map::mapped_type> looked_up(
    Shared& shared, const Map& map, const typename Map::key_type& key
) {
  const std::lock_guard lock(shared.mutex);
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

class MemoryStore final : public CredentialStore {
 public:
  void find(GrantKey key, std::function<void(Result<std::optional<Grant>>)> then) override {
    then(looked_up(*shared_, shared_->grants, key));
  }
  void keep(GrantKey key, Grant grant, std::function<void(Result<void>)> then) override {
    change([&] { shared_->grants[key] = std::move(grant); }, then);
  }
  void forget(GrantKey key, std::function<void(Result<void>)> then) override {
    change([&] { shared_->grants.erase(key); }, then);
  }
  void find_registration(
      std::string issuer, std::function<void(Result<std::optional<Registration>>)> then
  ) override {
    then(looked_up(*shared_, shared_->registrations, issuer));
  }
  void keep_registration(Registration registration, std::function<void(Result<void>)> then)
      override {
    change([&] { shared_->registrations[registration.issuer] = registration; }, then);
  }
  void forget_registration(std::string issuer, std::function<void(Result<void>)> then) override {
    change([&] { shared_->registrations.erase(issuer); }, then);
  }
  Result<std::unique_ptr<Lock>> try_lock(const GrantKey& key) override {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->locked.insert(key).second) return std::unique_ptr<Lock>();
    return std::make_unique<MemoryLock>(shared_, key);
  }

 private:
  template <class Action>
  void change(Action&& action, const std::function<void(Result<void>)>& then) {
    {
      const std::lock_guard lock(shared_->mutex);
      action();
    }
    then({});
  }

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace

std::shared_ptr<CredentialStore> memory_store() { return std::make_shared<MemoryStore>(); }

}  // namespace mooring::auth
