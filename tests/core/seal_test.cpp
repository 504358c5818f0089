#include "core/seal.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <string>
#include <thread>

#include "core/base64.hpp"
#include "core/file.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::core {
namespace {

SealKey key_of(std::uint8_t value) {
  SealKey key{};
  key.fill(value);
  return key;
}

TEST(Seal, opens_what_it_sealed) {
  const Sealer sealer(key_of(1));
  for (const std::string& plain :
       {std::string(), std::string("x"), std::string(100'000, 'y'), std::string("\0\xFF", 2)}) {
    const std::string token = sealer.seal(plain, "session");
    EXPECT_EQ(
        token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        std::string::npos
    );
    EXPECT_EQ(sealer.open(token, "session"), plain);
  }
}

TEST(Seal, no_two_tokens_are_alike) {
  const Sealer sealer(key_of(1));
  EXPECT_NE(sealer.seal("x", ""), sealer.seal("x", ""));
}

TEST(Seal, refuses_another_key_or_context) {
  const std::string token = Sealer(key_of(1)).seal("plain", "session");
  EXPECT_FALSE(Sealer(key_of(2)).open(token, "session"));
  EXPECT_FALSE(Sealer(key_of(1)).open(token, "event"));
  EXPECT_FALSE(Sealer(key_of(1)).open(token, ""));
}

TEST(Seal, refuses_every_altered_bit_and_every_cut) {
  const Sealer sealer(key_of(3));
  const std::string token = sealer.seal("a plain text", "c");
  const std::string raw = *base64url_decode(token);
  for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
    std::string altered = raw;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(sealer.open(base64url_encode(altered), "c")) << bit;
  }
  for (std::size_t n = 0; n < token.size(); ++n)
    EXPECT_FALSE(sealer.open(token.substr(0, n), "c")) << n;
  EXPECT_FALSE(sealer.open(token + "A", "c"));
  EXPECT_FALSE(sealer.open(token + "=", "c"));
  EXPECT_FALSE(sealer.open("not base64!", "c"));
}

TEST(SealKey, is_made_once_and_private) {
  const test::TemporaryDirectory dir;
  const auto path = dir.path() / "state" / "mooring" / "seal.key";
  const auto first = load_or_create_key(path);
  ASSERT_TRUE(first) << first.error().detail;
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(path.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  EXPECT_EQ(load_or_create_key(path).value(), *first);
  EXPECT_NE(*first, SealKey{});
}

TEST(SealKey, racing_starters_agree) {
  const test::TemporaryDirectory dir;
  std::array<SealKey, 4> keys{};
  {
    std::array<std::thread, 4> threads;
    for (std::size_t i = 0; i < threads.size(); ++i) {
      threads[i] = std::thread([&, i] { keys[i] = load_or_create_key(dir.path() / "k").value(); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (const SealKey& key : keys) EXPECT_EQ(key, keys[0]);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1)
      << "no temporary file stays";
}

TEST(SealKey, refuses_damaged_and_open_files_and_leaves_them) {
  const test::TemporaryDirectory dir;
  const auto path = dir.path() / "k";
  ASSERT_TRUE(write_file_atomic(path, "too short"));
  ASSERT_FALSE(load_or_create_key(path));
  EXPECT_EQ(read_file(path, 100).value(), "too short");
  ASSERT_TRUE(write_file_atomic(path, std::string(32, 'k'), 0644));
  const auto open_file = load_or_create_key(path);
  ASSERT_FALSE(open_file);
  EXPECT_NE(open_file.error().detail.find("chmod 600"), std::string::npos);
}

}  // namespace
}  // namespace mooring::core
