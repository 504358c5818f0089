#include "store/credential_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <sstream>

#include "support/temporary_directory.hpp"

namespace mooring::store {
namespace {

namespace fs = std::filesystem;
using auth::Grant;
using auth::GrantKey;

using Store = std::shared_ptr<auth::CredentialStore>;

core::SealKey key(std::uint8_t fill = 1) {
  core::SealKey out{};
  out.fill(fill);
  return out;
}

Grant grant(const std::string& token) {
  Grant out;
  out.issuer = "https://as.example.com";
  out.access_token = token;
  out.refresh_token = token + "-refresh";
  return out;
}

const GrantKey server{"https://mcp.example.com/mcp", {}};

Result<std::optional<Grant>> find(const Store& store, const GrantKey& of) {
  std::promise<Result<std::optional<Grant>>> found;
  store->find(of, [&](Result<std::optional<Grant>> result) { found.set_value(std::move(result)); });
  return found.get_future().get();
}

Result<void> keep(const Store& store, const GrantKey& of, const Grant& what) {
  std::promise<Result<void>> done;
  store->keep(of, what, [&](Result<void> result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

mode_t mode_of(const fs::path& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0;
}

std::string everything_in(const fs::path& directory) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    all += entry.path().string() + "\n";
    if (!entry.is_regular_file()) continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    all += bytes.str();
  }
  return all;
}

class Credentials : public ::testing::Test {
 protected:
  Store open(std::uint8_t fill = 1) {
    auto opened = open_credentials(state, key(fill));
    EXPECT_TRUE(opened) << opened.error().detail;
    return *opened;
  }
  test::TemporaryDirectory directory;
  fs::path state = directory.path() / "state";
};

TEST_F(Credentials, AUTH_11_PrivateAndInsideTheStateDirectory) {
  const auto store = open();
  const GrantKey hostile{"../../x y", {}};
  ASSERT_TRUE(keep(store, hostile, grant("planted-secret-1")));
  EXPECT_TRUE(*store->try_lock(hostile));
  EXPECT_EQ(find(store, hostile)->value().access_token, "planted-secret-1");
  EXPECT_EQ(mode_of(state), 0700U);
  EXPECT_EQ(mode_of(state / "locks"), 0700U);
  EXPECT_EQ(mode_of(state / "credentials.db"), 0600U);
  EXPECT_EQ(everything_in(state).find("planted-secret-1"), std::string::npos);
  const auto outside =
      std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator());
  EXPECT_EQ(outside, 1);
}

TEST_F(Credentials, TwoProcessesSeeEachOther) {
  const auto one = open();
  const auto two = open();
  ASSERT_TRUE(keep(one, server, grant("first")));
  EXPECT_EQ(find(two, server)->value().access_token, "first");
  ASSERT_TRUE(keep(two, server, grant("second")));
  EXPECT_EQ(find(one, server)->value().access_token, "second");
  auto held = one->try_lock(server);
  ASSERT_TRUE(*held);
  EXPECT_FALSE(*two->try_lock(server));
  held->reset();
  EXPECT_TRUE(*two->try_lock(server));
}

TEST_F(Credentials, AnotherKeyOpensNothingAndLosesNothing) {
  ASSERT_TRUE(keep(open(1), server, grant("first")));
  const auto refused = find(open(2), server);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::config);
  EXPECT_NE(refused.error().detail.find("MOORING_KEY"), std::string::npos);
  EXPECT_EQ(find(open(1), server)->value().access_token, "first");
}

TEST_F(Credentials, AUTH_11_KilledWhileWriting) {
  ASSERT_TRUE(keep(open(), server, grant("token-0")));
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = *open_credentials(state, key());
    const auto lock = store->try_lock(server);
    for (int i = 1;; ++i) {
      if (!keep(store, server, grant("token-" + std::to_string(i)))) ::_exit(1);
      if (i == 3 && ::write(pipe[1], "x", 1) != 1) ::_exit(1);
    }
  }
  char byte = 0;
  ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(pipe[0]);
  ::close(pipe[1]);
  const auto store = open();
  const auto found = find(store, server);
  ASSERT_TRUE(found) << found.error().detail;
  const auto& whole = found->value();
  EXPECT_TRUE(whole.access_token.starts_with("token-"));
  EXPECT_EQ(whole.refresh_token, whole.access_token + "-refresh");
  EXPECT_TRUE(*store->try_lock(server));
}

TEST_F(Credentials, ADiskThatFailsIsTold) {
  fs::create_directories(state / "credentials.db");
  EXPECT_FALSE(open_credentials(state, key()));
}

TEST(CredentialKey, FromTheEnvironmentOrTheFile) {
  const test::TemporaryDirectory directory;
  const auto hex = std::string(62, '0') + "ff";
  EXPECT_EQ((*credential_key(directory.path(), hex))[31], 0xFF);
  EXPECT_TRUE(credential_key(directory.path(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
  const auto refused = credential_key(directory.path(), "correct horse battery");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::config);
  EXPECT_EQ(refused.error().detail.find("correct horse"), std::string::npos);
  const auto made = credential_key(directory.path(), std::nullopt);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, *credential_key(directory.path(), std::nullopt));
  EXPECT_EQ(mode_of(directory.path() / "credentials.key"), 0600U);
}

}  // namespace
}  // namespace mooring::store
