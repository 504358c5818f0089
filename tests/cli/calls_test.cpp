#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// How the server is reached.
enum class By { configuration, url, gateway };

class Calls : public Cli, public testing::WithParamInterface<By> {
 protected:
  void SetUp() override {
    switch (GetParam()) {
      case By::configuration:
        configure({{"everything", everything_over_stdio()}});
        break;
      case By::url:
        configure({});
        server = serve_everything();
        break;
      case By::gateway:
        configure({{"everything", everything_over_stdio()}});
        start_gateway({"everything: ready"});
        break;
    }
  }

  std::string server = "everything";
};

TEST_P(Calls, PrintsTextAndExits0) {
  const auto ended = mooring({"call", server, "echo", R"({"text":"two\nlines"})"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "two\nlines\n");
  EXPECT_EQ(ended.err, "");
}

TEST_P(Calls, TakesArgumentsFromStdin) {
  const auto ended = mooring({"call", server, "echo", "-"}, "\n {\"text\":\n\"piped\"}\n");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "piped\n");
}

TEST_P(Calls, JsonIsExactlyTheResult) {
  const auto call = mooring({"call", server, "echo", R"({"text":"x"})", "--json"});
  EXPECT_EQ(parsed(call.out).at("content").at(0).at("text"), "x");
  const auto tools = mooring({"tools", server, "--json"});
  EXPECT_GT(parsed(tools.out).at("tools").as_array().size(), 20U);
  const auto read = mooring({"read", server, "test://static-text", "--json"});
  EXPECT_EQ(parsed(read.out).at("contents").at(0).at("uri"), "test://static-text");
  const auto prompt = mooring({"prompt", server, "test_simple_prompt", "--json"});
  EXPECT_EQ(parsed(prompt.out).at("messages").at(0).at("role"), "user");
}

TEST_P(Calls, AToolErrorExits4) {
  const auto ended = mooring({"call", server, "test_error_handling"});
  EXPECT_EQ(ended.status, 4);
  EXPECT_THAT(ended.out, HasSubstr("intentionally returns an error"));
  EXPECT_EQ(ended.err, "mooring: the tool test_error_handling returned an error\n");
}

TEST_P(Calls, AnUnknownOutcomeExits5) {
  const auto late = mooring({"call", server, "sleep_forever", "--timeout", "0.5"});
  EXPECT_EQ(late.status, 5) << late.err;
  EXPECT_THAT(late.err, HasSubstr("may have run"));
  const auto crashed = mooring({"call", server, "crash"});
  EXPECT_EQ(crashed.status, 5) << crashed.err;
}

TEST_P(Calls, AnUnknownToolIsNamedWithTheNearest) {
  const auto ended = mooring({"call", server, "add_numbrs", "{}"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("has no tool add_numbrs; did you mean add_numbers?"));
}

TEST_P(Calls, ReadsAResource) {
  const auto text = mooring({"read", server, "test://static-text"});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("static text"));
  const auto binary = mooring({"read", server, "test://static-binary"});
  EXPECT_EQ(binary.status, 0) << binary.err;
  EXPECT_THAT(binary.out, StartsWith("\x89PNG"));
  const auto unknown = mooring({"read", server, "test://nothing"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, StartsWith("mooring: "));
}

TEST_P(Calls, FillsAPrompt) {
  const auto ended =
      mooring({"prompt", server, "test_prompt_with_arguments", R"({"arg1":"one","arg2":"two"})"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "user:\nPrompt with arguments: arg1='one', arg2='two'\n");
}

INSTANTIATE_TEST_SUITE_P(
    Way, Calls, testing::Values(By::configuration, By::url, By::gateway),
    [](const auto& each) {
      return std::string(
          each.param == By::configuration ? "configuration"
          : each.param == By::url         ? "url"
                                          : "gateway"
      );
    }
);

TEST_F(Cli, ArgumentsThatAreNoObjectExit2) {
  configure({{"everything", everything_over_stdio()}});
  for (const auto* arguments : {"{", "[1]", "text", "{\"a\":}"}) {
    const auto ended = mooring({"call", "everything", "echo", arguments});
    EXPECT_EQ(ended.status, 2) << arguments;
    EXPECT_THAT(ended.err, StartsWith("mooring: the arguments "));
  }
}

TEST_F(Cli, AnUnknownServerExits3AndNamesTheKnown) {
  configure({{"everything", everything_over_stdio()}, {"files", everything_over_stdio()}});
  for (const auto* command : {"tools", "test", "logs"}) {
    const auto ended = mooring({command, "evrything"});
    EXPECT_EQ(ended.status, 3) << command;
    EXPECT_EQ(
        ended.err,
        "mooring: there is no server evrything; did you mean everything? (known: everything, "
        "files)\n"
    );
  }
}

TEST_F(Cli, AServerThatWantsCredentialsExits6) {
  configure({}, {{"auth", json::object{{"token", "0123456789abcdef0123"}}}});
  start_gateway({});
  const auto refused = mooring({"tools", gateway_url + "/mcp"});
  EXPECT_EQ(refused.status, 6) << refused.err;
  const auto let_in = mooring(
      {"tools", gateway_url + "/mcp", "--header", "Authorization: Bearer 0123456789abcdef0123"}
  );
  EXPECT_EQ(let_in.status, 0) << let_in.err;
}

TEST_F(Cli, AServerThatIsAwayFailsAtOnce) {
  configure({{"away", at("http://127.0.0.1:1/mcp")}});
  const auto ended = mooring({"call", "away", "echo"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, StartsWith("mooring: away: connect: "));
}

TEST_F(Cli, AReaderThatLeavesIsNoError) {
  configure({{"everything", everything_over_stdio()}});
  auto line = std::string("exec 2>&1 >/dev/null; { " MOORING
                          " call everything big_result '{\"bytes\":4000000}' --config ") +
              config() + " --state-dir " + state() + "; } 3>&2 2>&1 >&1 | head -c 1 >/dev/null";
  const auto ended = test::run({"/bin/bash", "-o", "pipefail", "-c", line}, home());
  EXPECT_THAT(ended.out, IsEmpty());
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST_F(Cli, ProgressIsALineOnTheTerminalAndErasedAtTheEnd) {
  configure({{"everything", everything_over_stdio()}});
  test::Program program(
      words({"call", "everything", "test_tool_with_progress"}), home(),
      test::Program::Stderr::terminal
  );
  const auto ended = program.end();
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "Tool with progress executed successfully\n");
  EXPECT_THAT(ended.err, HasSubstr("Completed step 50 of 100 50/100"));
  EXPECT_THAT(ended.err, testing::EndsWith("\r\x1b[K"));
}

TEST_F(Cli, CtrlCCancelsTheCall) {
  configure({{"everything", everything_over_stdio()}});
  test::Program program(
      words({"call", "everything", "slow", R"({"seconds":100})"}), home(),
      test::Program::Stderr::terminal
  );
  program.err_until("/100");
  program.signal(SIGINT);
  const auto ended = program.end();
  EXPECT_EQ(ended.status, 130);
  EXPECT_THAT(ended.err, HasSubstr("was cancelled"));
  EXPECT_EQ(ended.out, "");
}

}  // namespace
}  // namespace mooring::cli
