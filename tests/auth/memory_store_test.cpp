#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "auth/credential_store.hpp"

namespace mooring::auth {
namespace {

Grant grant_of(std::string token) {
  Grant grant;
  grant.access_token = std::move(token);
  return grant;
}

Registration registration_at(std::string issuer, std::string client_id) {
  Registration registration;
  registration.issuer = std::move(issuer);
  registration.client_id = std::move(client_id);
  return registration;
}

class MemoryStoreTest : public ::testing::Test {
 protected:
  /// The access token kept under this key; "-" where there is no grant.
  std::string token(const GrantKey& whose) {
    std::string seen = "not called";
    store->find(whose, [&](const Result<std::optional<Grant>>& found) {
      ASSERT_TRUE(found);
      seen = *found ? (*found)->access_token : "-";
    });
    return seen;
  }
  std::string client_at(const std::string& issuer) {
    std::string seen = "not called";
    store->find_registration(issuer, [&](const Result<std::optional<Registration>>& found) {
      ASSERT_TRUE(found);
      seen = *found ? (*found)->client_id : "-";
    });
    return seen;
  }
  std::function<void(Result<void>)> counted() {
    return [this](const Result<void>& done) {
      EXPECT_TRUE(done);
      ++calls;
    };
  }

  std::shared_ptr<CredentialStore> store = memory_store();
  GrantKey key{"https://mcp.example.com/mcp", "ann"};
  int calls = 0;
};

TEST_F(MemoryStoreTest, keeps_replaces_and_forgets) {
  EXPECT_EQ(token(key), "-");
  store->keep(key, grant_of("one"), counted());
  EXPECT_EQ(token(key), "one");
  store->keep(key, grant_of("two"), counted());
  EXPECT_EQ(token(key), "two");
  store->forget(key, counted());
  EXPECT_EQ(token(key), "-");
  store->forget(key, counted());
  EXPECT_EQ(calls, 4) << "each answered once, also when there was nothing to forget";
}

TEST_F(MemoryStoreTest, nobody_gets_the_grant_of_another) {
  store->keep(key, grant_of("ann's"), counted());
  EXPECT_EQ(token({key.server, "bob"}), "-");
  EXPECT_EQ(token({key.server, ""}), "-");
  EXPECT_EQ(token({"https://mcp.example.com/mcp2", key.principal}), "-");
  store->forget({key.server, "bob"}, counted());
  EXPECT_EQ(token(key), "ann's");
}

TEST_F(MemoryStoreTest, registrations_belong_to_their_issuer) {
  store->keep_registration(registration_at("https://a", "one"), counted());
  store->keep_registration(registration_at("https://b", "other"), counted());
  store->keep_registration(registration_at("https://a", "two"), counted());
  EXPECT_EQ(client_at("https://a"), "two");
  EXPECT_EQ(client_at("https://b"), "other");
  store->forget_registration("https://a", counted());
  EXPECT_EQ(client_at("https://a"), "-");
  EXPECT_EQ(client_at("https://b"), "other");
}

TEST_F(MemoryStoreTest, two_stores_share_nothing) {
  store->keep(key, grant_of("mine"), counted());
  const auto held = store->try_lock(key);
  store = memory_store();
  EXPECT_EQ(token(key), "-");
  EXPECT_TRUE(*store->try_lock(key));
}

TEST_F(MemoryStoreTest, answers_may_ask_again) {
  store->keep(key, grant_of("one"), [&](const Result<void>&) {
    EXPECT_EQ(token(key), "one") << "no lock is held while `then` runs";
    store->forget(key, counted());
  });
  EXPECT_EQ(token(key), "-");
}

TEST_F(MemoryStoreTest, lock_is_for_one_and_for_one_key) {
  auto held = store->try_lock(key);
  ASSERT_TRUE(held && *held);
  const auto second = store->try_lock(key);
  ASSERT_TRUE(second) << "held is no error";
  EXPECT_EQ(*second, nullptr);
  EXPECT_TRUE(*store->try_lock({key.server, "bob"}));
  store->keep(key, grant_of("one"), counted());
  EXPECT_EQ(token(key), "one") << "a lock keeps nobody from reading and writing";
  held->reset();
  EXPECT_TRUE(*store->try_lock(key));
}

TEST_F(MemoryStoreTest, lock_outlives_its_store) {
  auto held = store->try_lock(key);
  store.reset();
  held->reset();
}

TEST_F(MemoryStoreTest, of_many_threads_one_holds_the_lock) {
  std::atomic<int> inside = 0;
  std::atomic<int> won = 0;
  std::array<std::thread, 4> threads;
  for (auto& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < 1000; ++i) {
        const auto held = store->try_lock(key);
        if (!*held) continue;
        EXPECT_EQ(++inside, 1);
        ++won;
        --inside;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GT(won, 0);
  EXPECT_TRUE(*store->try_lock(key));
}

}  // namespace
}  // namespace mooring::auth
