#include <map>

#include "everything/harness.hpp"
#include "everything/http_front.hpp"

namespace mooring::everything {
namespace {

/// One request and what was answered to it.
class FakeExchange final : public io::HttpExchange {
 public:
  FakeExchange(std::string method, std::string path, std::string session, std::string body)
      : method_(std::move(method)), path_(std::move(path)), body_(std::move(body)) {
    headers["Host"] = "localhost:1";
    if (!session.empty()) headers["Mcp-Session-Id"] = std::move(session);
  }

  std::string_view method() const override { return method_; }
  std::string_view target() const override { return path_; }
  std::string_view path() const override { return path_; }
  std::string_view query() const override { return {}; }
  std::string_view header(std::string_view name) const override {
    auto at = headers.find(std::string(name));
    return at == headers.end() ? std::string_view() : at->second;
  }
  bool has_header(std::string_view name) const override {
    return headers.contains(std::string(name));
  }
  std::string_view remote_address() const override { return "127.0.0.1"; }
  std::string& body() override { return body_; }
  using io::HttpExchange::respond;
  awaitable<bool> respond(int with, std::span<const io::HeaderField> fields, std::string_view text)
      override {
    keep(with, fields);
    answer = text;
    co_return true;
  }
  awaitable<bool> begin_stream(int with, std::span<const io::HeaderField> fields) override {
    keep(with, fields);
    streaming = true;
    co_return true;
  }
  awaitable<bool> write(std::string_view bytes) override {
    answer += bytes;
    co_return true;
  }
  awaitable<bool> end_stream() override {
    streaming = false;
    co_return true;
  }
  void close() override {}
  bool responded() const override { return status != 0; }
  bool peer_gone() const override { return false; }
  void on_peer_gone(std::function<void()> tell) override { gone = std::move(tell); }

  std::map<std::string, std::string> headers;
  int status = 0;
  std::map<std::string, std::string> answered_headers;
  std::string answer;
  bool streaming = false;
  std::function<void()> gone;

 private:
  void keep(int with, std::span<const io::HeaderField> fields) {
    status = with;
    for (const auto& field : fields) answered_headers.emplace(field.name, field.value);
  }

  std::string method_, path_, body_;
};

class HttpFrontTest : public EverythingTest {
 protected:
  void start_with(std::string_view dialect) {
    start();
    front = std::make_unique<HttpFront>(
        *world, *service, *chaos::find_expiry_dialect(dialect), server::HostCheck{},
        [this](io::HttpExchange&) -> awaitable<void> {
          ++passed;
          co_return;
        },
        [this](io::HttpExchange&) -> awaitable<void> {
          ++passed_to_sse;
          co_return;
        }
    );
  }
  void handle(FakeExchange& exchange) {
    ended = false;
    auto task = [](HttpFront& on, FakeExchange& of, bool& done) -> awaitable<void> {
      co_await on.handle(of);
      done = true;
    };
    asio::co_spawn(context, task(*front, exchange, ended), rethrow);
    settle();
  }
  std::unique_ptr<FakeExchange> exchange(
      std::string method, std::string session, std::string body = {}, std::string path = "/mcp"
  ) {
    auto made = std::make_unique<FakeExchange>(
        std::move(method), std::move(path), std::move(session), std::move(body)
    );
    handle(*made);
    return made;
  }

  std::unique_ptr<HttpFront> front;
  int passed = 0, passed_to_sse = 0;
  bool ended = false;
};

constexpr auto list_tools = R"({"jsonrpc":"2.0","id":7,"method":"tools/list"})";

TEST_F(HttpFrontTest, known_sessions_and_requests_without_one_reach_the_door) {
  start_with("ts-404");
  auto session = connect();
  exchange("POST", session->id, list_tools);
  exchange("POST", "", list_tools);
  exchange("POST", "gone", R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})");
  EXPECT_EQ(passed, 3);
}

TEST_F(HttpFrontTest, a_gone_session_is_answered_in_the_dialect) {
  start_with("csharp-404");
  auto session = connect();
  world->sessions.forget_all();
  auto post = exchange("POST", session->id, list_tools);
  EXPECT_EQ(post->status, 404);
  EXPECT_EQ(post->answered_headers["Content-Type"], "application/json");
  EXPECT_EQ(boost::json::parse(post->answer).at("id").as_int64(), 7);
  EXPECT_EQ(exchange("DELETE", session->id)->status, 200);
  EXPECT_EQ(exchange("GET", session->id)->status, 404);
  EXPECT_EQ(passed, 0);
}

TEST_F(HttpFrontTest, the_paths_of_http_and_sse_reach_their_own_door) {
  start_with("ts-404");
  exchange("GET", "", "", "/sse");
  exchange("POST", "", list_tools, "/message");
  EXPECT_EQ(passed_to_sse, 2);
  EXPECT_EQ(passed, 0);
}

TEST_F(HttpFrontTest, forms_without_a_content_type_have_none) {
  start_with("rmcp-401");
  auto post = exchange("POST", "gone", list_tools);
  EXPECT_EQ(post->status, 401);
  EXPECT_TRUE(post->answered_headers.empty());
}

TEST_F(HttpFrontTest, more_headers_are_filled_in) {
  start_with("python-404-terminated");
  auto post = exchange("POST", "gone-1", list_tools);
  EXPECT_EQ(post->answered_headers["mcp-session-id"], "gone-1");
}

TEST_F(HttpFrontTest, the_gate_of_python_lets_pings_and_notifications_pass) {
  start_with("python-200-32602");
  auto post = exchange("POST", "gone", list_tools);
  EXPECT_EQ(post->status, 200);
  EXPECT_TRUE(post->answer.starts_with("event: message\ndata: {"));
  auto ping = exchange("POST", "gone", R"({"jsonrpc":"2.0","id":8,"method":"ping"})");
  EXPECT_EQ(ping->answer, R"({"jsonrpc":"2.0","id":8,"result":{}})");
  auto note = exchange("POST", "gone", R"({"jsonrpc":"2.0","method":"notifications/cancelled"})");
  EXPECT_EQ(note->status, 202);
}

TEST_F(HttpFrontTest, a_stream_that_stays_open_ends_with_its_client) {
  start_with("mcp-go-400-text");
  auto get = exchange("GET", "gone");
  EXPECT_EQ(get->status, 200);
  EXPECT_TRUE(get->streaming);
  EXPECT_EQ(get->answer, ": keepalive\n\n");
  EXPECT_FALSE(ended);
  get->gone();
  settle();
  EXPECT_TRUE(ended);
}

TEST_F(HttpFrontTest, strange_hosts_origins_and_paths_are_refused) {
  start_with("ts-404");
  FakeExchange rebound("POST", "/mcp", "", list_tools);
  rebound.headers["Host"] = "evil.example.com";
  handle(rebound);
  EXPECT_EQ(rebound.status, 403);
  FakeExchange rebound_stream("GET", "/sse", "", "");
  rebound_stream.headers["Host"] = "evil.example.com";
  handle(rebound_stream);
  EXPECT_EQ(rebound_stream.status, 403);
  FakeExchange foreign("POST", "/mcp", "", list_tools);
  foreign.headers["Origin"] = "http://evil.example.com";
  handle(foreign);
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(exchange("GET", "", "", "/")->status, 404);
  EXPECT_EQ(exchange("GET", "", "", "/healthz")->status, 200);
  EXPECT_EQ(passed + passed_to_sse, 0);
}

}  // namespace
}  // namespace mooring::everything
