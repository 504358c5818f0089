#include "core/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "core/paths.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::core {
namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0U;
}

/// Sets one environment variable for a test and puts the old value back.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    if (value == nullptr) {
      ::unsetenv(name);
    } else {
      ::setenv(name, value, 1);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (old_) {
      ::setenv(name_, old_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(File, what_is_written_is_read_and_replaced_whole) {
  const test::TemporaryDirectory dir;
  const auto path = dir.path() / "f";
  ASSERT_TRUE(write_file_atomic(path, "one"));
  EXPECT_EQ(mode_of(path), 0600U);
  ASSERT_TRUE(write_file_atomic(path, std::string(100'000, 'x'), 0644));
  EXPECT_EQ(mode_of(path), 0644U);
  EXPECT_EQ(read_file(path, 100'000)->size(), 100'000U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(File, limits_and_failures_name_the_path) {
  const test::TemporaryDirectory dir;
  const auto path = dir.path() / "f";
  const auto missing = read_file(path, 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, Reason::io);
  EXPECT_NE(missing.error().detail.find(path.string()), std::string::npos);
  EXPECT_NE(missing.error().detail.find("No such file"), std::string::npos);
  ASSERT_TRUE(write_file_atomic(path, "12345"));
  EXPECT_EQ(read_file(path, 5).value(), "12345");
  EXPECT_EQ(read_file(path, 4).error().reason, Reason::limit);
  EXPECT_EQ(read_file(dir.path(), 4).error().reason, Reason::io);
  EXPECT_EQ(write_file_atomic(dir.path() / "no" / "f", "x").error().reason, Reason::io);
  EXPECT_FALSE(write_file_atomic(dir.path(), "x"));
}

TEST(File, private_directories) {
  const test::TemporaryDirectory dir;
  ASSERT_TRUE(ensure_private_dir(dir.path() / "a" / "b"));
  EXPECT_EQ(mode_of(dir.path() / "a" / "b"), 0700U);
  EXPECT_EQ(mode_of(dir.path() / "a"), 0700U);
  ASSERT_TRUE(ensure_private_dir(dir.path() / "a" / "b"));
  std::filesystem::permissions(dir.path() / "a", std::filesystem::perms::all);
  EXPECT_FALSE(ensure_private_dir(dir.path() / "a"));
  ASSERT_TRUE(write_file_atomic(dir.path() / "file", "x"));
  EXPECT_FALSE(ensure_private_dir(dir.path() / "file"));
  EXPECT_FALSE(ensure_private_dir(dir.path() / "file" / "below"));
}

TEST(Paths, follow_XDG) {
  const Variable home("HOME", "/home/ann");
  {
    const Variable state("XDG_STATE_HOME", "/var/s");
    const Variable config("XDG_CONFIG_HOME", "/etc/c");
    EXPECT_EQ(state_dir(), "/var/s/mooring");
    EXPECT_EQ(config_dir(), "/etc/c/mooring");
    EXPECT_EQ(state_dir("/given"), "/given");
  }
  {
    const Variable state("XDG_STATE_HOME", nullptr);
    const Variable config("XDG_CONFIG_HOME", "relative");
    EXPECT_EQ(state_dir(), "/home/ann/.local/state/mooring");
    EXPECT_EQ(config_dir(), "/home/ann/.config/mooring");
  }
  const Variable nowhere("HOME", nullptr);
  EXPECT_TRUE(home_dir().is_absolute());
}

}  // namespace
}  // namespace mooring::core
