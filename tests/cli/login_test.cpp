#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/server/socket_server.hpp"
#include "integration/harness/background.hpp"
#include "io/http_client.hpp"
#include "support.hpp"

namespace mooring::cli {
namespace {

using test_auth::Endpoint;
using test_auth::SocketServer;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

awaitable<int> status_of(io::Worker& worker, core::Url url) {
  io::HttpClient client(worker, {});
  io::OutgoingHttpRequest request;
  request.method = "GET";
  request.url = std::move(url);
  const auto answer = co_await client.send(std::move(request));
  co_return answer ? (*answer)->status() : 0;
}

class Login : public Cli {
 protected:
  Login() { configure({{"one", at(server.mcp_url())}}); }

  std::unique_ptr<test::Program> begin(
      std::vector<std::string> arguments, test::Program::Stderr err = test::Program::Stderr::pipe
  ) const {
    arguments.insert(arguments.begin(), "login");
    auto environment = home();
    environment["BROWSER"] = "true";
    return std::make_unique<test::Program>(words(arguments), environment, err);
  }
  /// The address that a person is shown.
  static std::string address(test::Program& program) {
    const auto text = program.err_until("code_challenge_method=S256");
    const auto from = text.find("http://");
    return text.substr(from, text.find_first_of("\r\n ", from) - from);
  }
  /// What a browser does that is sent to `url`.
  static int browse(const std::string& url) {
    integration::Background background;
    background.start();
    const int status = background.run(status_of(background.worker, *core::Url::parse(url)));
    background.stop();
    return status;
  }
  json::object coming_back_to(const std::string& redirect) const {
    return {{"url", server.mcp_url()}, {"auth", json::object{{"redirect_uri", redirect}}}};
  }
  test::Ended headless() {
    const auto program = begin({"one", "--headless"});
    program->err_until("paste its address");
    program->write(server.visit(address(*program)) + "\n");
    return program->end();
  }

  SocketServer server;
};

TEST_F(Login, AUTH_12_a_without_a_terminal_it_fails_at_once_and_says_how_else) {
  const auto ended = mooring({"login", "one"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, StartsWith("mooring: a login needs a person"));
  EXPECT_THAT(ended.err, HasSubstr("--headless"));
  EXPECT_THAT(ended.err, HasSubstr("--device"));
  EXPECT_TRUE(server.with([](auto& as, auto& mcp) {
    return as.seen().empty() && mcp.seen().empty();
  }));
}

TEST_F(Login, headless_then_call_token_status_and_logout) {
  const auto before = mooring({"call", "one", "echo", "{}"});
  EXPECT_EQ(before.status, 6) << before.err;
  EXPECT_THAT(before.err, HasSubstr("mooring login one"));
  EXPECT_EQ(mooring({"token", "one"}).status, 6);

  const auto ended = headless();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("signed in to one at " + server.issuer()));

  const auto token = mooring({"token", "one"});
  EXPECT_EQ(token.status, 0) << token.err;
  const auto now = server.now();
  EXPECT_TRUE(server.with([&](auto& as, auto& mcp) {
    return as.accepts(token.out.substr(0, token.out.find('\n')), mcp.resource(), now);
  }));
  const auto called = mooring({"call", "one", "echo", "{}"});
  EXPECT_EQ(called.status, 0) << called.err;

  EXPECT_EQ(mooring({"logout", "one"}).status, 0);
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.requests(Endpoint::revocation); }), 1);
  EXPECT_EQ(mooring({"token", "one"}).status, 6);
  EXPECT_THAT(mooring({"logout", "one"}).out, StartsWith("nobody is signed in"));
}

TEST_F(Login, in_a_browser_that_comes_back_to_a_loopback_address) {
  const auto program = begin({"one"}, test::Program::Stderr::terminal);
  const auto back = server.visit(address(*program));
  ASSERT_THAT(back, StartsWith("http://127.0.0.1:"));
  EXPECT_EQ(browse(back), 200);
  const auto ended = program->end();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(mooring({"token", "one"}).status, 0);
}

/// An address of this machine that no other test listens on.
std::string own_address() {
  const auto pid = static_cast<unsigned>(::getpid());
  return fmt::format("127.{}.{}.9", 1 + (pid >> 8) % 250, pid % 256);
}

TEST_F(Login, a_configured_redirect_uri_is_listened_on) {
  const auto redirect = fmt::format("http://{}:7799/back/here", own_address());
  configure({{"one", coming_back_to(redirect)}});
  const auto program = begin({"one"}, test::Program::Stderr::terminal);
  const auto back = server.visit(address(*program));
  ASSERT_THAT(back, StartsWith(redirect));
  EXPECT_EQ(browse(back), 200);
  const auto ended = program->end();
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(Login, a_redirect_uri_that_cannot_be_listened_on_says_how_else) {
  for (const auto& redirect : {std::string("https://app.example.com/back"), server.mcp_url()}) {
    configure({{"one", coming_back_to(redirect)}});
    const auto ended = begin({"one"}, test::Program::Stderr::terminal)->end();
    EXPECT_NE(ended.status, 0);
    EXPECT_THAT(ended.err + ended.out, HasSubstr("--headless")) << redirect;
  }
}

TEST_F(Login, token_of_a_client_that_needs_no_person) {
  const std::string_view secret = "planted-client-secret";
  server.with([&](auto& as, auto&) {
    test_auth::Client app;
    app.id = "app";
    app.secret = secret;
    app.method = auth::ClientAuth::basic;
    as.add_client(app);
  });
  const auto with = [&](std::string_view shown) {
    const json::object auth = {
        {"grant", "client_credentials"}, {"client_id", "app"}, {"client_secret", shown}
    };
    configure({{"one", json::object{{"url", server.mcp_url()}, {"auth", auth}}}});
    return mooring({"token", "one"});
  };
  const auto wrong = with("planted-wrong-secret");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("check auth."));
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.requests(Endpoint::token); }), 1);
  const auto right = with(secret);
  EXPECT_EQ(right.status, 0) << right.err;
  EXPECT_FALSE(right.out.empty());
}

TEST_F(Login, AUTH_12_b_a_callback_with_another_state_is_refused) {
  const auto program = begin({"one"}, test::Program::Stderr::terminal);
  auto back = server.visit(address(*program));
  const auto at = back.find("state=") + 6;
  back.replace(at, 4, "XXXX");
  EXPECT_EQ(browse(back), 200);
  const auto ended = program->end();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("wrong state"));
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.requests(Endpoint::token); }), 0);
}

TEST_F(Login, AUTH_16_one_that_fails_leaves_what_was_there) {
  ASSERT_EQ(headless().status, 0);
  const auto token = mooring({"token", "one"}).out;
  server.with([](auto& as, auto&) { as.deny_next(); });
  const auto denied = headless();
  EXPECT_EQ(denied.status, 6) << denied.err;
  EXPECT_THAT(denied.err, HasSubstr("access_denied"));
  EXPECT_EQ(mooring({"token", "one"}).out, token);
  server.with([](auto& as, auto&) { as.fail_next(Endpoint::token, 1, 503); });
  EXPECT_EQ(headless().status, 1);
  EXPECT_EQ(mooring({"token", "one"}).out, token);
  const auto nothing = begin({"one", "--headless"})->end();
  EXPECT_NE(nothing.status, 0);
  EXPECT_EQ(mooring({"token", "one"}).out, token);
}

TEST_F(Login, on_another_device) {
  server.with([](auto& as, auto&) {
    as.options().device_interval = std::chrono::seconds(1);
    as.options().device_pending = 0;
  });
  const auto ended = begin({"one", "--device"})->end();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("enter the code"));
  EXPECT_EQ(mooring({"token", "one"}).status, 0);
}

TEST_F(Login, a_running_gateway_goes_on_with_it) {
  configure({{"one", at(server.mcp_url())}}, {{"log", json::object{{"level", "info"}}}});
  start_gateway({"run mooring login one"});
  const auto refused = mooring({"call", "one", "echo", "{}"});
  EXPECT_EQ(refused.status, 6) << refused.err;
  EXPECT_THAT(mooring({"status"}).out, HasSubstr("login_needed"));
  ASSERT_EQ(headless().status, 0);
  gateway->err_until("one: ready");
  EXPECT_EQ(mooring({"call", "one", "echo", "{}"}).status, 0);
  const auto status = mooring({"status", "one"}).out;
  EXPECT_THAT(status, HasSubstr(server.issuer()));
  const auto token = mooring({"token", "one"}).out;
  EXPECT_THAT(status, Not(HasSubstr(token.substr(0, token.size() - 1))));
}

TEST_F(Login, AUTH_06_two_gateways_of_one_state_directory_make_one_token_request) {
  ASSERT_EQ(headless().status, 0);
  test::Program first(words({"serve"}), home()), second(words({"serve"}), home());
  const auto one = test::announced_url(first) + "/mcp/one";
  const auto two = test::announced_url(second) + "/mcp/one";
  for (const auto& url : {one, two}) EXPECT_EQ(mooring({"call", url, "echo", "{}"}).status, 0);
  server.with([](auto& as, auto&) { as.expire_access_tokens(); });
  server.hold_next(Endpoint::token, 1, SocketServer::Hold::after);
  test::Program by_one(words({"call", one, "echo", "{}"}), home());
  test::Program by_two(words({"call", two, "echo", "{}"}), home());
  ASSERT_TRUE(server.wait_held());
  server.release();
  EXPECT_EQ(by_one.end().status, 0);
  EXPECT_EQ(by_two.end().status, 0);
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.grants("refresh_token"); }), 1);
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.reuses(); }), 0);
}

TEST_F(Login, token_refreshes_what_has_run_out) {
  server.with([](auto& as, auto&) { as.options().expires_in = "0"; });
  ASSERT_EQ(headless().status, 0);
  EXPECT_EQ(mooring({"token", "one"}).status, 0);
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.grants("refresh_token"); }), 1);
}

TEST_F(Login, a_key_that_makes_no_sense_is_told_at_once_and_not_shown) {
  auto environment = home();
  environment["MOORING_KEY"] = "correct horse battery";
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"serve"}, {"token", "one"}, {"call", "one", "echo"}
       }) {
    const auto ended = test::run(words(command), environment);
    EXPECT_NE(ended.status, 0);
    EXPECT_THAT(ended.err, HasSubstr("MOORING_KEY"));
    EXPECT_THAT(ended.err, HasSubstr("openssl rand -hex 32"));
    EXPECT_THAT(ended.err, Not(HasSubstr("horse")));
  }
}

TEST_F(Login, test_uses_the_sign_in) {
  EXPECT_EQ(mooring({"test", "one"}).status, 1);
  ASSERT_EQ(headless().status, 0);
  const auto ended = mooring({"test", "one"});
  EXPECT_EQ(ended.status, 0) << ended.out;
}

/// A process that may be dumped belongs to its user in /proc; one that may not, to root.
TEST_F(Login, a_gateway_is_not_dumped_and_not_looked_into) {
  constexpr uid_t nobody = 65534;
  std::vector<std::string> command;
  if (::geteuid() == 0) {
    command = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"};
    ASSERT_EQ(::chown(directory.path().c_str(), nobody, nobody), 0);
    ASSERT_EQ(::chown(config().c_str(), nobody, nobody), 0);
  }
  for (auto& word : words({"serve"})) command.push_back(std::move(word));
  test::Program program(command, home());
  test::announced_url(program);
  struct stat found{};
  ASSERT_EQ(::stat(fmt::format("/proc/{}/environ", program.pid()).c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, 0U);
}

TEST_F(Login, what_cannot_be_signed_in_to) {
  configure({{"local", everything_over_stdio()}, {"open", at(serve_everything())}});
  const auto local = mooring({"login", "local", "--headless"});
  EXPECT_EQ(local.status, 2);
  EXPECT_THAT(local.err, HasSubstr("local program"));
  const auto open = mooring({"login", "open", "--headless"});
  EXPECT_EQ(open.status, 1);
  EXPECT_THAT(open.err, HasSubstr("does not ask for a login"));
  EXPECT_EQ(mooring({"login", "nobody", "--headless"}).status, 3);
}

}  // namespace
}  // namespace mooring::cli
