// What clients that do nothing may cost. Bytes of the heap, not of the process: they are the same
// on every machine. `bench/scale` measures the whole.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <list>

#include "harness/gateway.hpp"
#include "harness/scripted_server.hpp"

namespace mooring::integration {
namespace {

constexpr std::size_t clients = 300;

std::size_t heap_in_use() {
  const auto heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

class Footprint : public testing::Test {
 protected:
  void SetUp() override {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "sanitizers have a heap of their own";
#endif
    // What the first client needs is not what each of them costs.
    const auto session = open(shared_);
    ping(shared_, session);
    RawConnection first(gateway_.port());
    listen(first, session);
  }

  static std::string open(RawConnection& connection) {
    connection.write(post(
        "",
        R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
        R"("capabilities":{},"clientInfo":{"name":"test","version":"1"}}})"
    ));
    const auto answer = connection.response();
    constexpr std::string_view header = "Mcp-Session-Id: ";
    const auto at = answer.find(header);
    EXPECT_NE(at, std::string::npos) << answer;
    if (at == std::string::npos) return {};
    const auto value = at + header.size();
    return answer.substr(value, answer.find("\r\n", value) - value);
  }
  /// What no server hears of: the one of this test remembers everything.
  static void ping(RawConnection& connection, const std::string& session) {
    connection.write(post(session, R"({"jsonrpc":"2.0","id":2,"method":"ping"})"));
    const auto answer = connection.response();
    EXPECT_NE(answer.find("result"), std::string::npos) << answer;
  }
  static void listen(RawConnection& connection, const std::string& session) {
    connection.write(fmt::format(
        "GET /mcp/one HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        "Mcp-Session-Id: {}\r\n\r\n",
        session
    ));
    connection.until(": listening\n\n");
  }
  std::uint16_t port() const { return gateway_.port(); }
  RawConnection& shared() { return shared_; }

 private:
  static std::string post(const std::string& session, std::string_view body) {
    return fmt::format(
        "POST /mcp/one HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\n{}{}{}Content-Length: {}\r\n\r\n{}",
        session.empty() ? "" : "Mcp-Session-Id: ", session, session.empty() ? "" : "\r\n",
        body.size(), body
    );
  }

  ScriptedServer upstream_;
  TestGateway gateway_{servers(
      R"({"log":{"level":"off"}})", {{"one", fmt::format(R"({{"url":"{}"}})", upstream_.url())}}
  )};
  RawConnection shared_{gateway_.port()};
};

TEST_F(Footprint, an_idle_connection_costs_five_kilobytes_at_most) {
  const auto session = open(shared());
  const auto before = heap_in_use();
  std::list<RawConnection> idle;
  for (std::size_t i = 0; i < clients; ++i) ping(idle.emplace_back(port()), session);
  EXPECT_LT((heap_in_use() - before) / clients, 5 * 1024U);
}

TEST_F(Footprint, a_session_costs_two_kilobytes_at_most) {
  const auto before = heap_in_use();
  for (std::size_t i = 0; i < clients; ++i) ping(shared(), open(shared()));
  EXPECT_LT((heap_in_use() - before) / clients, 2 * 1024U);
}

TEST_F(Footprint, a_stream_costs_ten_kilobytes_at_most) {
  const auto before = heap_in_use();
  std::list<RawConnection> listening;
  for (std::size_t i = 0; i < clients; ++i) {
    listen(listening.emplace_back(port()), open(shared()));
  }
  EXPECT_LT((heap_in_use() - before) / clients, 10 * 1024U);
}

}  // namespace
}  // namespace mooring::integration
