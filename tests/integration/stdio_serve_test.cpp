// `mooring serve --stdio`: the real program between a client's pipes and its servers.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "harness/json.hpp"
#include "harness/process.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::integration {
namespace {

class StdioServe : public testing::Test {
 protected:
  StdioServe() {
    const auto config = directory.path() / "mooring.json";
    std::ofstream(config) << fmt::format(
        R"({{"mcpServers":{{"ev":{{"command":"{}","args":["--stdio"]}}}},"gateway":{{"drain_timeout":0.5}}}})",
        everything_program
    );
    program = std::make_unique<test::Program>(std::vector<std::string>{
        mooring_program, "serve", "--stdio", "--config", config.string(), "--state-dir",
        (directory.path() / "state").string(), "--log-level", "error"
    });
  }
  void open(std::string_view capabilities = "{}") {
    program->write(fmt::format(
        R"({{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"2025-11-25",)"
        R"("capabilities":{},"clientInfo":{{"name":"t","version":"1"}}}}}})"
        "\n"
        R"({{"jsonrpc":"2.0","method":"notifications/initialized"}})"
        "\n",
        capabilities
    ));
  }
  void call(
      std::string_view id, std::string_view tool, std::string_view arguments,
      std::string_view meta = "{}"
  ) {
    program->write(fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"ev__{}","arguments":{},"_meta":{}}}}})"
        "\n",
        id, tool, arguments, meta
    ));
  }
  /// Ends the program. Every line of its stdout has to be a message.
  std::vector<json::value> end() {
    const auto ended = program->end();
    EXPECT_EQ(ended.status, 0) << ended.err;
    std::vector<json::value> messages;
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);) {
      messages.push_back(parse(line));
      EXPECT_EQ(text(messages.back(), "/jsonrpc"), "2.0") << line;
    }
    return messages;
  }
  static json::value response(const std::vector<json::value>& messages, std::string_view id) {
    for (const auto& message : messages) {
      if (at(message, "/method").is_null() && at(message, "/id") == parse(id)) return message;
    }
    return {};
  }

  test::TemporaryDirectory directory;
  std::unique_ptr<test::Program> program;
};

TEST_F(StdioServe, calls_are_answered_and_stdout_holds_messages_alone) {
  open();
  call("5", "echo", R"({"text":"hello"})");
  call(R"("six")", "add_numbers", R"({"a":1,"b":2})");
  program->out_until(R"("id":5)");
  program->out_until(R"("id":"six")");
  const auto all = end();
  EXPECT_EQ(text(response(all, "0"), "/result/protocolVersion"), "2025-11-25");
  EXPECT_EQ(text(response(all, "5"), "/result/content/0/text"), "hello");
  EXPECT_EQ(at(response(all, R"("six")"), "/result/structuredContent/sum"), 3);
}

TEST_F(StdioServe, progress_comes_before_its_result) {
  open();
  call("5", "slow", R"({"seconds":0.25})", R"({"progressToken":"t"})");
  program->out_until("Slept 0.25");
  bool answered = false;
  int progress = 0;
  for (const auto& message : end()) {
    answered = answered || at(message, "/id") == 5;
    if (text(message, "/method") != "notifications/progress") continue;
    EXPECT_FALSE(answered);
    EXPECT_EQ(text(message, "/params/progressToken"), "t");
    ++progress;
  }
  // One every 100 ms, as far as the machine keeps up.
  EXPECT_GE(progress, 1);
}

TEST_F(StdioServe, a_server_asks_and_the_client_answers) {
  open(R"({"sampling":{}})");
  call("5", "test_sampling", R"({"prompt":"say hi"})");
  auto out = program->out_until("sampling/createMessage");
  const auto id = out.find(R"("id":"m-)");
  ASSERT_NE(id, std::string::npos) << out;
  const auto raw = out.substr(id + 5, out.find('"', id + 6) - id - 4);
  program->write(fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"result":{{"role":"assistant","model":"m","content":{{"type":"text","text":"hi there"}}}}}})"
      "\n",
      raw
  ));
  program->out_until("hi there");
  EXPECT_TRUE(at(response(end(), "5"), "/result").is_object());
}

TEST_F(StdioServe, lines_that_are_no_messages_are_told_and_harm_nothing) {
  open();
  program->write("this is no JSON\n\n{\"jsonrpc\":\"2.0\"}\n");
  call("5", "echo", R"({"text":"hello"})");
  program->out_until("hello");
  const auto all = end();
  EXPECT_EQ(text(response(all, "5"), "/result/content/0/text"), "hello");
  int refused = 0;
  for (const auto& message : all) refused += at(message, "/error/code").is_int64() ? 1 : 0;
  EXPECT_EQ(refused, 2);
}

TEST_F(StdioServe, the_end_of_stdin_ends_the_program_with_what_is_in_hand) {
  open();
  call("5", "sleep_forever", "{}");
  call("6", "echo", R"({"text":"hello"})");
  program->out_until("hello");
  const auto all = end();
  EXPECT_EQ(text(response(all, "6"), "/result/content/0/text"), "hello");
  EXPECT_TRUE(at(response(all, "5"), "/error").is_object()) << "its caller is told";
}

TEST_F(StdioServe, the_end_of_stdin_waits_for_calls_that_end_in_time) {
  open();
  call("5", "slow", R"({"seconds":0.25})", R"({"progressToken":"t"})");
  program->out_until("notifications/progress");
  EXPECT_TRUE(at(response(end(), "5"), "/result").is_object());
}

TEST_F(StdioServe, SIGTERM_ends_it_with_0_and_waits_for_calls_as_well) {
  open();
  call("5", "slow", R"({"seconds":0.25})", R"({"progressToken":"t"})");
  program->out_until("notifications/progress");
  program->signal(SIGTERM);
  program->out_until("Slept 0.25");
  end();
}

}  // namespace
}  // namespace mooring::integration
