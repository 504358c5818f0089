#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <csignal>

#include "support/program.hpp"

namespace mooring::everything {
namespace {

constexpr std::string_view takes_tasks =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}})";

/// The process on its stdin and stdout, as a client that takes tasks uses it.
class EverythingProcess : public testing::Test {
 protected:
  boost::json::value ask(int id, std::string_view method, std::string_view params) {
    program.write(fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{{{},{}}}}})"
        "\n",
        id, method, params, takes_tasks
    ));
    return boost::json::parse(program.out_line(fmt::format(R"("id":{},)", id))).at("result");
  }
  std::string begin(int id, int seconds) {
    const auto params =
        fmt::format(R"("name":"slow_compute","arguments":{{"seconds":{}}})", seconds);
    return std::string(ask(id, "tools/call", params).at("taskId").as_string());
  }

  test::Program program{{MOORING_EVERYTHING, "--stdio"}};
};

TEST_F(EverythingProcess, tasks_work_on_stdio) {
  const auto task = begin(1, 3600);
  const auto names_it = fmt::format(R"("taskId":"{}")", task);
  EXPECT_EQ(ask(2, "tasks/get", names_it).at("status").as_string(), "working");
  ask(3, "tasks/cancel", names_it);
  EXPECT_EQ(ask(4, "tasks/get", names_it).at("status").as_string(), "cancelled");
}

TEST_F(EverythingProcess, tasks_end_with_stdin) {
  begin(1, 3600);
  const auto ended = program.end();
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.err, "");
}

TEST_F(EverythingProcess, tasks_end_with_a_signal) {
  begin(1, 3600);
  program.signal(SIGTERM);
  EXPECT_EQ(program.end().status, 0);
}

}  // namespace
}  // namespace mooring::everything
