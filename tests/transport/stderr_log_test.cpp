#include "transport/stderr_log.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/proxy_env.hpp"
#include "stdio_test.hpp"
#include "transport/factory.hpp"

namespace mooring::transport {
namespace {

namespace fs = std::filesystem;

class StderrLogTest : public StdioTest {
 protected:
  StderrLogTest() {
    std::string name = (fs::temp_directory_path() / "mooring-log-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
  }
  ~StderrLogTest() override {
    std::error_code ignored;
    fs::remove_all(dir, ignored);
  }
  std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path dir;
};

TEST_F(StderrLogTest, whole_lines_are_shown_as_they_come_and_redacted) {
  std::vector<std::string> shown;
  {
    auto log = StderrLog::open(dir, "files");
    ASSERT_TRUE(log.has_value()) << log.error().detail;
    (*log)->show_to([&](std::string_view lines) { shown.emplace_back(lines); });
    (*log)->begin("mcp-server", {}, 42);
    (*log)->write("one\ntwo\npassword=hun");
    EXPECT_EQ(shown, (std::vector<std::string>{"one\ntwo\n"}));
    (*log)->write("ter22\nunfinished");
  }
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[1].find("hunter22"), std::string::npos) << shown[1];
  EXPECT_EQ(shown[2], "unfinished\n");
}

TEST_F(StderrLogTest, STD_04a_lines_under_a_start_header_redacted_and_private) {
  {
    auto log = StderrLog::open(dir, "files");
    ASSERT_TRUE(log.has_value()) << log.error().detail;
    const std::vector<std::string> args = {"--api-key=abcdef123456", "/srv"};
    (*log)->begin("mcp-server", args, 42);
    (*log)->write("hello\npassword=hun");
    (*log)->write("ter22\nunfinished");
  }
  const auto text = read(dir / "logs" / "files.log");
  EXPECT_TRUE(text.starts_with("=== 20"));
  EXPECT_NE(text.find("Z pid 42: mcp-server "), std::string::npos);
  EXPECT_NE(text.find("\nhello\npassword=[REDACTED]\nunfinished\n"), std::string::npos);
  EXPECT_EQ(text.find("abcdef123456"), std::string::npos);
  EXPECT_EQ(text.find("hunter22"), std::string::npos);
  struct stat info{};
  ASSERT_EQ(::stat((dir / "logs" / "files.log").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(StderrLogTest, STD_04a_rotates_at_its_limit) {
  auto log = StderrLog::open(dir, "files", 1000);
  ASSERT_TRUE(log.has_value());
  for (int i = 0; i < 50; ++i)
    (*log)->write("line " + std::to_string(i) + std::string(60, '.') + "\n");
  const auto now = dir / "logs" / "files.log";
  const auto old = dir / "logs" / "files.log.1";
  EXPECT_LE(fs::file_size(now), 1000U);
  EXPECT_LE(fs::file_size(old), 1000U);
  EXPECT_NE(read(now).find("line 49"), std::string::npos);
}

TEST_F(StderrLogTest, a_name_never_leaves_the_directory) {
  EXPECT_EQ(StderrLog::path_of("/s", "../../x y"), "/s/logs/______x_y.log");
}

TEST_F(StderrLogTest, STD_04a_a_child_of_the_factory_writes_there) {
  SystemChannels channels(dir, core::ProxySettings());
  run_on(worker, [&]() -> awaitable<void> {
    io::AbortSource never;
    auto opened = co_await channels.stdio(worker, config, never);
    CO_ASSERT(opened.has_value());
    auto process = *opened;
    co_await process->request(make_call("1", "complain"), sink);
    const auto path = StderrLog::path_of(dir, "peer");
    while (read(path).find("careful") == std::string::npos) co_await yield_once();
    const auto text = read(path);
    EXPECT_NE(text.find(fmt::format("pid {}: ", process->pid())), std::string::npos);
    EXPECT_NE(text.find("\ncareful: token=[REDACTED]\n"), std::string::npos);
    co_await process->close();
  });
}

TEST_F(StderrLogTest, the_factory_makes_http_channels) {
  SystemChannels channels(dir, core::ProxySettings());
  config.url = "http://127.0.0.1:1/";
  run_on(worker, [&]() -> awaitable<void> {
    auto channel = channels.http(worker, config);
    const auto outcome = co_await channel->request(make_call("1"), sink);
    EXPECT_TRUE(outcome.failure && outcome.failure->delivery == recovery::Delivery::not_sent);
  });
}

}  // namespace
}  // namespace mooring::transport
