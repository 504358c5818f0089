// `mooring wrap -- COMMAND`: a server over stdio, asked over HTTP as a client would.
#include <filesystem>

#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Wrap : public Cli {
 protected:
  std::vector<std::string> words(
      const std::vector<std::string>& options, const std::vector<std::string>& command
  ) const {
    std::vector<std::string> all = {MOORING, "wrap", "--state-dir", state()};
    all.insert(all.end(), options.begin(), options.end());
    all.emplace_back("--");
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }
  /// Starts it and waits until it listens.
  void wrap(
      std::vector<std::string> options = {},
      const std::vector<std::string>& command = {MOORING_EVERYTHING, "--stdio"},
      test::Program::Environment variables = {}
  ) {
    variables.merge(home());
    options.insert(options.end(), {"--listen", "127.0.0.1:0"});
    bridge = std::make_unique<test::Program>(words(options, command), variables);
    url = test::announced_url(*bridge) + "/mcp";
  }
  /// It ends by itself: something is wrong.
  test::Ended fails(
      const std::vector<std::string>& options,
      const std::vector<std::string>& command = {MOORING_EVERYTHING, "--stdio"}
  ) const {
    return test::run(words(options, command), home());
  }
  test::Ended echo(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"call", url, "echo", R"({"text":"hello"})"};
    all.insert(all.end(), more.begin(), more.end());
    return mooring(all);
  }
  /// A server that tells on stderr what `script` writes before it begins.
  static std::vector<std::string> telling(
      const std::string& script, const std::vector<std::string>& arguments = {}
  ) {
    std::vector<std::string> all = {
        "/bin/sh", "-c", "{ " + script + "; } >&2; exec " MOORING_EVERYTHING " --stdio", "server"
    };
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  std::unique_ptr<test::Program> bridge;
  std::string url;
};

TEST_F(Wrap, names_are_untouched_and_SIGTERM_ends_it) {
  wrap();
  const auto echoed = echo();
  EXPECT_EQ(echoed.out, "hello\n") << echoed.err;
  bridge->signal(SIGTERM);
  const auto ended = bridge->end();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, StartsWith("listening http://127.0.0.1:"));
  EXPECT_EQ(ended.out, "");
}

TEST_F(Wrap, a_closed_terminal_ends_it_and_not_under_nohup) {
  wrap();
  bridge->signal(SIGHUP);
  EXPECT_EQ(bridge->end().status, 0);

  test::Program stays(
      {"/bin/sh", "-c",
       "trap '' HUP; exec " MOORING " wrap --listen 127.0.0.1:0 --state-dir " + state() +
           " -- " MOORING_EVERYTHING " --stdio"},
      home()
  );
  test::announced_url(stays);
  stays.signal(SIGHUP);
  stays.signal(SIGTERM);
  const auto ended = stays.end();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("SIGTERM: finishing"));
  EXPECT_THAT(ended.err, Not(HasSubstr("SIGHUP: finishing")));
}

TEST_F(Wrap, what_stands_behind_the_dashes_is_the_servers_to_the_letter) {
  wrap({}, telling(R"(printf '<%s>' "$@"; echo)", {"[a,b]", "--help", "{}", "", "--", "--listen"}));
  bridge->err_until("<[a,b]><--help><{}><><--><--listen>\n");
}

TEST_F(Wrap, a_server_that_crashes_is_started_again) {
  wrap();
  EXPECT_EQ(echo().out, "hello\n");
  EXPECT_EQ(mooring({"call", url, "crash"}).status, 5);
  EXPECT_EQ(echo().out, "hello\n");
}

TEST_F(Wrap, the_environment_is_filtered_unless_told_otherwise) {
  const auto server = telling(R"(echo "plain=$PLAIN set=$SET ours=$MOORING_TOKEN.")");
  const test::Program::Environment variables = {
      {"PLAIN", "one"}, {"MOORING_TOKEN", "0123456789abcdef0123"}
  };
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "plain= set= ours=."},
      {{"--env", "SET=two words"}, "plain= set=two words ours=."},
      {{"--env", "PLAIN", "--env", "SET="}, "plain=one set= ours=."},
      {{"--pass-environment"}, "plain=one set= ours=."},
  };
  for (const auto& [options, told] : cases) {
    wrap(options, server, variables);
    bridge->err_until(told + "\n");
  }
}

TEST_F(Wrap, it_works_in_the_directory_that_is_named) {
  const auto there = std::filesystem::canonical(directory.path()).string();
  wrap({"--cwd", there}, telling("pwd -P"));
  bridge->err_until(there + "\n");
}

TEST_F(Wrap, a_token_is_asked_for_where_one_is_set) {
  wrap({}, {MOORING_EVERYTHING, "--stdio"}, {{"MOORING_TOKEN", "0123456789abcdef0123"}});
  EXPECT_NE(echo().status, 0);
  const auto let_in = echo({"--header", "Authorization: Bearer 0123456789abcdef0123"});
  EXPECT_EQ(let_in.out, "hello\n") << let_in.err;
  bridge->signal(SIGTERM);
  EXPECT_THAT(bridge->end().err, Not(HasSubstr("0123456789abcdef0123")));
}

TEST_F(Wrap, beyond_loopback_it_wants_a_token_or_to_be_told) {
  const auto refused = fails({"--listen", "0.0.0.0:0"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("set MOORING_TOKEN"));
  EXPECT_THAT(refused.err, HasSubstr("--insecure"));
  test::Program open(
      words({"--listen", "0.0.0.0:0", "--insecure"}, {MOORING_EVERYTHING, "--stdio"}), home()
  );
  EXPECT_THAT(test::announced_url(open), StartsWith("http://0.0.0.0:"));
}

TEST_F(Wrap, the_gateway_keeps_its_own_state) {
  configure({});
  start_gateway({});
  wrap({"--name", "mine"});
  EXPECT_EQ(echo().out, "hello\n");
  EXPECT_THAT(mooring({"status"}).out, HasSubstr(gateway_url));
  const auto own = std::filesystem::path(state()) / "wrap" / "mine";
  const auto shown =
      test::run({MOORING, "status", "--state-dir", own.string(), "--config", config()}, home());
  EXPECT_THAT(shown.out, ContainsRegex("\nmine +ready +52 ")) << shown.err;
  EXPECT_TRUE(std::filesystem::exists(own / "logs" / "mine.log"));
}

TEST_F(Wrap, a_command_that_cannot_be_run_is_named_at_once) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> commands = {
      {{"no-such-program-here"}, "install it, or give its whole path"},
      {{"/no/such/program"}, "there is no program /no/such/program"},
      {{"npx -y some-server"}, "leave out the quotes: mooring wrap -- npx -y some-server"},
      {{"/bin/sh", "-c", "curl https://x.test/a | sh"}, "a script it downloads"},
  };
  for (const auto& [command, part] : commands) {
    const auto ended = fails({}, command);
    EXPECT_EQ(ended.status, 1) << testing::PrintToString(command);
    EXPECT_THAT(ended.err, StartsWith("mooring: "));
    EXPECT_THAT(ended.err, HasSubstr(part));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
  }
  EXPECT_EQ(fails({"--cwd", "/no/such/directory"}).status, 1);
}

TEST_F(Wrap, mistakes_are_one_line_that_says_what_to_do) {
  const auto mistake = [this](const std::vector<std::string>& options, std::string_view part) {
    const auto ended = fails(options);
    EXPECT_EQ(ended.status, 2) << testing::PrintToString(options);
    EXPECT_THAT(ended.err, StartsWith("mooring: "));
    EXPECT_THAT(ended.err, HasSubstr(std::string(part)));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
  };
  mistake({"--listen", "nonsense"}, "--listen");
  mistake({"--name", "a/b"}, "--name");
  mistake({"--env", "1=2"}, "KEY=VALUE");
  mistake({"--env", "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE");
  mistake({"--nope"}, "mooring wrap --help");
  EXPECT_THAT(fails({}, {}).err, HasSubstr("wrap needs a command"));
  const auto no_dashes = test::run({MOORING, "wrap", "npx", "-y", "some-server"}, home());
  EXPECT_EQ(no_dashes.status, 2);
  EXPECT_THAT(no_dashes.err, HasSubstr("-- before the command"));
  EXPECT_EQ(test::run({MOORING, "wrap", "--help"}, home()).status, 0);
}

}  // namespace
}  // namespace mooring::cli
