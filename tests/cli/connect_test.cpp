// `mooring connect URL`: the real program between a client's pipes and a remote server.
#include <fmt/format.h>

#include "auth/server/socket_server.hpp"
#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Connect : public Cli {
 protected:
  /// Starts it and sends what every client begins with.
  void connect(
      const std::string& url, std::vector<std::string> more = {},
      test::Program::Environment variables = {}
  ) {
    variables.merge(home());
    std::vector<std::string> words = {MOORING, "connect", url, "--state-dir", state()};
    words.insert(words.end(), more.begin(), more.end());
    bridge = std::make_unique<test::Program>(words, variables);
    bridge->write(
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
        R"("capabilities":{},"clientInfo":{"name":"t","version":"1"}}})"
        "\n"
        R"({"jsonrpc":"2.0","method":"notifications/initialized"})"
        "\n"
    );
  }
  /// Sends a request and waits for its answer.
  json::object ask(std::string_view method, std::string_view params = "{}") {
    bridge->write(fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})"
        "\n",
        ++asked_, method, params
    ));
    return answer(asked_);
  }
  json::object call(std::string_view tool, std::string_view arguments = "{}") {
    return ask("tools/call", fmt::format(R"({{"name":"{}","arguments":{}}})", tool, arguments));
  }
  /// The answer to the request of this id, waited for.
  json::object answer(int id) {
    auto message = parsed(bridge->out_line(fmt::format(R"("id":{})", id))).as_object();
    EXPECT_EQ(message.at("id"), id);
    return message;
  }
  std::vector<std::string> tools() {
    std::vector<std::string> names;
    const auto listed = ask("tools/list");
    for (const auto& tool : listed.at("result").at("tools").as_array())
      names.emplace_back(tool.at("name").as_string());
    return names;
  }
  static std::string text_of(const json::object& answer) {
    return std::string(answer.at("result").at("content").at(0).at("text").as_string());
  }
  /// Ends a server of ours; its host and port stay free for the next one.
  void kill_server() {
    servers.back()->signal(SIGKILL);
    servers.back()->end();
    servers.pop_back();
  }
  void start_server_again(const std::string& url) {
    const auto from = url.find("//") + 2;
    const auto address = url.substr(from, url.find('/', from) - from);
    servers.push_back(std::make_unique<test::Program>(
        std::vector<std::string>{MOORING_EVERYTHING, "--listen", address}
    ));
    test::announced_url(*servers.back());
  }
  test::Ended plainly(std::vector<std::string> words) const {
    words.insert(words.begin(), {MOORING, "connect", "--state-dir", state()});
    return test::run(words, home());
  }

  std::unique_ptr<test::Program> bridge;

 private:
  int asked_ = 0;
};

TEST_F(Connect, stands_for_the_server_with_names_untouched_and_ends_with_stdin) {
  connect(serve_everything());
  const auto opened = answer(0).at("result").as_object();
  EXPECT_TRUE(opened.at("capabilities").as_object().contains("resources"));
  EXPECT_THAT(tools(), Contains("echo"));
  EXPECT_EQ(text_of(call("echo", R"({"text":"hello"})")), "hello");
  const auto ended = bridge->end();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, Not(HasSubstr("listening")));
}

TEST_F(Connect, EXP_15_a_server_that_was_restarted_is_no_matter) {
  const auto url = serve_everything();
  connect(url);
  EXPECT_EQ(text_of(call("echo", R"({"text":"before"})")), "before");
  kill_server();
  start_server_again(url);
  EXPECT_EQ(text_of(call("echo", R"({"text":"after"})")), "after");
}

TEST_F(Connect, a_server_that_comes_later_announces_its_tools) {
  const auto url = serve_everything();
  kill_server();
  connect(url);
  EXPECT_TRUE(answer(0).contains("result"));
  bridge->err_until("Connection refused");
  start_server_again(url);
  // Should it have been given up for now, a call has it tried again.
  call("echo");
  bridge->out_until("notifications/tools/list_changed");
  EXPECT_THAT(tools(), Contains("echo"));
}

TEST_F(Connect, headers_are_sent_with_variables_replaced_and_are_told_to_nobody) {
  test_auth::SocketServer server;
  // No blank behind the colon, as clients that split at blanks need it.
  connect(
      server.mcp_url(), {"--header", "Authorization:${AUTH}", "--debug"},
      {{"AUTH", "Bearer planted-token-of-a-user"}}
  );
  answer(0);
  ask("tools/list");
  EXPECT_TRUE(server.with([](auto&, auto& mcp) {
    return !mcp.seen().empty() && std::ranges::all_of(mcp.seen(), [](const auto& request) {
      return request.authorization == "Bearer planted-token-of-a-user";
    });
  }));
  const auto ended = bridge->end();
  EXPECT_THAT(ended.err + ended.out, Not(HasSubstr("planted-token")));
}

TEST_F(Connect, a_login_is_asked_for_by_url_and_used_at_once) {
  test_auth::SocketServer server;
  connect(server.mcp_url());
  answer(0);
  const auto refused = call("echo").at("error").at("data").at("mooring").as_object();
  EXPECT_EQ(refused.at("needs_reauth"), true);
  const auto command = fmt::format("mooring login {} --state-dir {}", server.mcp_url(), state());
  EXPECT_EQ(std::string(refused.at("login").as_string()), command);

  test::Program login(
      {MOORING, "login", server.mcp_url(), "--state-dir", state(), "--headless"}, home()
  );
  const auto shown = login.err_until("code_challenge_method=S256");
  const auto from = shown.find("http://");
  login.err_until("paste its address");
  login.write(server.visit(shown.substr(from, shown.find_first_of("\r\n ", from) - from)) + "\n");
  const auto ended = login.end();
  ASSERT_EQ(ended.status, 0) << ended.err;

  bridge->out_until("notifications/tools/list_changed");
  EXPECT_TRUE(call("echo").contains("result"));
}

TEST_F(Connect, tools_can_be_hidden) {
  connect(serve_everything(), {"--ignore-tool", "ec*", "--ignore-tool", "crash"});
  answer(0);
  const auto left = tools();
  EXPECT_THAT(left, Not(Contains("echo")));
  EXPECT_THAT(left, Not(Contains("crash")));
  EXPECT_THAT(left, Contains("count"));
}

TEST_F(Connect, what_mcp_remote_takes_is_taken) {
  connect(
      serve_everything(), {"3334", "--transport", "http-only", "--host", "localhost",
                           "--auth-timeout", "60", "--enable-proxy", "--allow-http"}
  );
  EXPECT_TRUE(answer(0).contains("result"));
  const auto ended = bridge->end();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(
      ended.err,
      HasSubstr("--host, --auth-timeout, the callback port 3334 have no effect: mooring login")
  );
}

TEST_F(Connect, plain_http_beyond_this_machine_is_warned_of) {
  const std::string warning = "use https, or say --allow-http";
  EXPECT_THAT(plainly({"http://mcp.invalid/mcp"}).err, HasSubstr(warning));
  EXPECT_THAT(plainly({"http://mcp.invalid/mcp", "--allow-http"}).err, Not(HasSubstr(warning)));
  EXPECT_THAT(plainly({"http://127.0.0.1:1/mcp"}).err, Not(HasSubstr(warning)));
}

TEST_F(Connect, mistakes_are_one_line_that_says_what_to_do) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{}, "URL"},
      {{"github"}, "connect takes a URL"},
      {{"ftp://127.0.0.1/mcp"}, "http"},
      {{"http://127.0.0.1:1/mcp", "http://127.0.0.1:2/mcp"}, "connect takes one URL"},
      {{"http://127.0.0.1:1/mcp", "--header", "nonsense"}, "'Name: value'"},
      {{"http://127.0.0.1:1/mcp", "--header", "A: ${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE"},
      {{"http://127.0.0.1:1/mcp", "--transport", "carrier-pigeon"}, "--transport"},
      {{"http://127.0.0.1:1/mcp", "--static-oauth-client-info", "{}"}, "mooring.yaml"},
  };
  for (const auto& [words, part] : mistakes) {
    const auto ended = plainly(words);
    EXPECT_EQ(ended.status, 2) << testing::PrintToString(words);
    EXPECT_THAT(ended.err, StartsWith("mooring: "));
    EXPECT_THAT(ended.err, HasSubstr(part));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    EXPECT_EQ(ended.out, "");
  }
}

}  // namespace
}  // namespace mooring::cli
