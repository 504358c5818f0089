#include "store/credential_store.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "store/sqlite.hpp"
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

Result<void> forget(const Store& store, const GrantKey& of) {
  std::promise<Result<void>> done;
  store->forget(of, [&](Result<void> result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

using auth::Registration;

Result<std::optional<Registration>> find_registration(const Store& store, std::string issuer) {
  std::promise<Result<std::optional<Registration>>> found;
  store->find_registration(std::move(issuer), [&](Result<std::optional<Registration>> result) {
    found.set_value(std::move(result));
  });
  return found.get_future().get();
}

Result<void> keep(const Store& store, const Registration& what) {
  std::promise<Result<void>> done;
  store->keep_registration(what, [&](Result<void> result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

Result<void> forget_registration(const Store& store, std::string issuer) {
  std::promise<Result<void>> done;
  store->forget_registration(std::move(issuer), [&](Result<void> result) {
    done.set_value(std::move(result));
  });
  return done.get_future().get();
}

/// Another process, which tells this one numbers; it does not outlive its owner.
class Child {
 public:
  using Tell = std::function<void(int)>;

  explicit Child(const std::function<void(const Tell&)>& run) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ < 0) throw std::runtime_error("no process");
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      run([&](int number) {
        if (::write(ends[1], &number, sizeof number) != sizeof number) ::_exit(1);
      });
      ::_exit(0);
    }
    ::close(ends[1]);
    told_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill();
    ::close(told_);
  }

  /// Empty: it has ended, and there is nothing left.
  std::optional<int> next() const {
    int number = 0;
    if (::read(told_, &number, sizeof number) != sizeof number) return std::nullopt;
    return number;
  }
  /// kill -9; returns when it is gone.
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
  int told_ = -1;
};

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

TEST_F(Credentials, AUTH_11_NoSecretInAnyFile) {
  const auto store = open();
  auto whole = grant("planted-access");
  whole.client.client_secret = "planted-client-secret";
  whole.dpop_key = "planted-dpop-key";
  ASSERT_TRUE(keep(store, server, whole));
  ASSERT_TRUE(keep(store, server, grant("planted-later")));
  Registration registration;
  registration.issuer = "https://as.example.com";
  registration.client_secret = "planted-registration";
  ASSERT_TRUE(keep(store, registration));
  const auto all = everything_in(state);
  ASSERT_NE(all.find("credentials.db-wal"), std::string::npos);
  EXPECT_EQ(all.find("planted"), std::string::npos);
  for (const auto& entry : fs::recursive_directory_iterator(state)) {
    if (entry.is_regular_file()) EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
  }
}

TEST_F(Credentials, AUTH_11_WhatWasAnsweredSurvivesAKill) {
  Child writer([&](const Child::Tell& tell) {
    const auto store = *open_credentials(state, key());
    for (int i = 1; keep(store, server, grant(std::to_string(i))); ++i) tell(i);
  });
  int last = 0;
  while (last < 20) {
    const auto told = writer.next();
    ASSERT_TRUE(told);
    last = *told;
  }
  writer.kill();
  while (const auto told = writer.next()) last = *told;
  const auto found = find(open(), server);
  ASSERT_TRUE(found) << found.error().detail;
  const auto& whole = found->value();
  EXPECT_EQ(whole.refresh_token, whole.access_token + "-refresh");
  // The next one may be on the disk, while nobody was told any more.
  const auto number = std::stoi(whole.access_token);
  EXPECT_TRUE(number == last || number == last + 1) << number << " after " << last;
}

TEST_F(Credentials, ALockHoldsAgainstOtherProcessesUntilItsHolderDies) {
  Child holder([&](const Child::Tell& tell) {
    const auto store = *open_credentials(state, key());
    const auto lock = store->try_lock(server);
    tell(lock && *lock ? 1 : 0);
    ::pause();
  });
  ASSERT_EQ(holder.next(), 1);
  const auto store = open();
  const auto refused = store->try_lock(server);
  ASSERT_TRUE(refused) << refused.error().detail;
  EXPECT_FALSE(*refused);
  EXPECT_TRUE(*store->try_lock({server.server, "somebody else"}));
  holder.kill();
  EXPECT_TRUE(*store->try_lock(server));
}

TEST_F(Credentials, ALockThatCannotBeMadeIsToldApartFromOneThatIsHeld) {
  const auto store = open();
  fs::remove_all(state / "locks");
  const auto refused = store->try_lock(server);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::io);
}

TEST_F(Credentials, AWriteThatFailsIsToldAndChangesNothing) {
  Child writer([&](const Child::Tell& tell) {
    const auto store = *open_credentials(state, key());
    tell(keep(store, server, grant("before")) ? 1 : 0);
    std::signal(SIGXFSZ, SIG_IGN);
    ::rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const auto room = limit.rlim_cur;
    limit.rlim_cur = 1;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto failed = keep(store, server, grant("lost"));
    tell(!failed && failed.error().reason == Reason::io ? 1 : 0);
    tell(find(store, server)->value().access_token == "before" ? 1 : 0);
    limit.rlim_cur = room;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    tell(keep(store, server, grant("after")) ? 1 : 0);
  });
  EXPECT_EQ(writer.next(), 1);
  EXPECT_EQ(writer.next(), 1) << "the failure was not told";
  EXPECT_EQ(writer.next(), 1) << "the former grant is gone";
  EXPECT_EQ(writer.next(), 1) << "it does not recover";
  EXPECT_FALSE(writer.next());
  EXPECT_EQ(find(open(), server)->value().access_token, "after");
}

TEST_F(Credentials, ManyProcessesThatStartAtOnceAllKeep) {
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(std::make_unique<Child>([&, i](const Child::Tell& tell) {
      const auto made = credential_key(state, std::nullopt);
      const auto store = made ? open_credentials(state, *made) : std::unexpected(made.error());
      tell(store && keep(*store, {server.server, std::to_string(i)}, grant("t")) ? 1 : 0);
      ::pause();
    }));
  }
  for (const auto& child : children) EXPECT_EQ(child->next(), 1);
  const auto store = *open_credentials(state, *credential_key(state, std::nullopt));
  for (int i = 0; i < 4; ++i) {
    const auto found = find(store, {server.server, std::to_string(i)});
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_TRUE(found->has_value()) << i;
  }
}

TEST_F(Credentials, OpenedTwiceInOneProcessItLosesNothingWhenAnotherProcessCloses) {
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  // Forked before anything is open here.
  Child other([&](const Child::Tell& tell) {
    char byte = 0;
    if (::read(go[0], &byte, 1) != 1) return;
    const auto kept = keep(*open_credentials(state, key()), server, grant("second"));
    tell(kept ? 1 : 0);
    if (::read(go[0], &byte, 1) != 1) return;
    const auto found = find(*open_credentials(state, key()), server);
    tell(found && *found && (*found)->access_token == "third" ? 1 : 0);
  });
  const auto one = open();
  ASSERT_TRUE(keep(one, server, grant("first")));
  const auto two = open();
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  EXPECT_EQ(other.next(), 1);  // kept, and closed again
  ASSERT_TRUE(keep(one, server, grant("third")));
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  EXPECT_EQ(other.next(), 1) << "what was answered is lost";
  ::close(go[0]);
  ::close(go[1]);
}

TEST_F(Credentials, ForgottenIsGoneAndOthersStay) {
  const GrantKey other{server.server, "ada"};
  ASSERT_TRUE(keep(open(), server, grant("one")));
  ASSERT_TRUE(keep(open(), other, grant("two")));
  ASSERT_TRUE(forget(open(), server));
  ASSERT_TRUE(forget(open(), server));
  EXPECT_FALSE(find(open(), server)->has_value());
  EXPECT_EQ(find(open(), other)->value().access_token, "two");
}

TEST_F(Credentials, RegistrationsAreKeptByIssuer) {
  Registration registration;
  registration.kind = Registration::Kind::dynamic;
  registration.issuer = "https://as.example.com";
  registration.client_id = "c1";
  registration.client_secret = "s1";
  registration.method = auth::ClientAuth::basic;
  ASSERT_TRUE(keep(open(), registration));
  EXPECT_EQ(find_registration(open(), registration.issuer)->value(), registration);
  EXPECT_FALSE(find_registration(open(), "https://elsewhere.example.com")->has_value());

  const auto refused = find_registration(open(2), registration.issuer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::config);

  registration.client_id = "c2";
  ASSERT_TRUE(keep(open(), registration));
  EXPECT_EQ(find_registration(open(), registration.issuer)->value().client_id, "c2");
  ASSERT_TRUE(forget_registration(open(), registration.issuer));
  EXPECT_FALSE(find_registration(open(), registration.issuer)->has_value());
}

TEST_F(Credentials, WhatIsSealedOpensInItsOwnRowOnly) {
  ASSERT_TRUE(keep(open(), server, grant("mine")));
  {
    auto database = Sqlite::open_existing(state / "credentials.db");
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("UPDATE grants SET principal = 'mallory'"));
  }
  EXPECT_FALSE(find(open(), server)->has_value());
  EXPECT_FALSE(find(open(), {server.server, "mallory"}));
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

TEST(CredentialKey, EverySpellingOfTheSameBytes) {
  const test::TemporaryDirectory directory;
  std::string hex, upper;
  for (int i = 0; i < 32; ++i) {
    hex += "fb";
    upper += "FB";
  }
  core::SealKey bytes{};
  bytes.fill(0xFB);
  for (const auto& text :
       {hex, upper, std::string("+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s="),
        std::string("-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s")}) {
    const auto read = credential_key(directory.path(), text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, bytes) << text;
  }
  // The file is neither made nor asked.
  EXPECT_TRUE(fs::is_empty(directory.path()));
  const auto kept = credential_key(directory.path(), std::nullopt);
  ASSERT_TRUE(kept);
  EXPECT_NE(*kept, bytes);
  EXPECT_EQ(*credential_key(directory.path(), hex), bytes);
}

TEST(CredentialKey, WhatIsNoKeyIsRefusedWithoutBeingTold) {
  const test::TemporaryDirectory directory;
  const std::string digits(64, 'a');
  for (const auto& text :
       {digits.substr(1), digits + "a", digits.substr(1) + "g", "-" + digits.substr(1),
        digits.substr(2) + " \n", std::string(32, 'k'), std::string("swordfish")}) {
    const auto refused = credential_key(directory.path(), text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().reason, Reason::config);
    EXPECT_EQ(refused.error().detail.find(text), std::string::npos);
    EXPECT_NE(refused.error().detail.find("MOORING_KEY"), std::string::npos);
    EXPECT_NE(refused.error().detail.find("openssl rand -hex 32"), std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

}  // namespace
}  // namespace mooring::store
