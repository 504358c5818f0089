// mooring-counted: the pure parts that every call passes, each a fixed number of times.
// bench/budget runs it under callgrind, which writes down what each function below cost when it
// returns.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gateway/routing_table.hpp"
#include "gateway/session_codec.hpp"
#include "io/http_request_parser.hpp"
#include "io/http_response_parser.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "protocol/sse.hpp"
#include "recovery/classify.hpp"

namespace {

using std::chrono::system_clock;

constexpr int times = 1000;
int wrong = 0;

std::string example_call() {
  return mooring::protocol::make_request(
      "1000000001", "tools/call",
      R"({"name":"server__echo","arguments":{"message":"hello"},"_meta":{"progressToken":7}})"
  );
}

mooring::gateway::ClientSession example_session() {
  mooring::gateway::ClientSession session;
  session.key = "0123456789abcdef";
  session.endpoint = "github";
  session.capabilities = R"({"roots":{"listChanged":true},"sampling":{},"elicitation":{}})";
  session.client_name = "a-client";
  session.principal = "somebody";
  return session;
}

/// As a client of the MCP SDKs sends it, and its answer.
constexpr std::string_view request_head =
    "POST /mcp/github HTTP/1.1\r\n"
    "host: 127.0.0.1:8080\r\n"
    "connection: keep-alive\r\n"
    "content-type: application/json\r\n"
    "accept: application/json, text/event-stream\r\n"
    "mcp-protocol-version: 2025-11-25\r\n"
    "mcp-session-id: 7f3c9a52-08d1-4b6e-9a55-1c2d3e4f5a6b\r\n"
    "authorization: Bearer 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ\r\n"
    "accept-language: *\r\n"
    "user-agent: node\r\n"
    "content-length: 131\r\n"
    "\r\n";
constexpr std::string_view response_head =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json\r\n"
    "Cache-Control: no-cache\r\n"
    "Mcp-Session-Id: 7f3c9a52-08d1-4b6e-9a55-1c2d3e4f5a6b\r\n"
    "Date: Sun, 29 Nov 2026 16:19:43 GMT\r\n"
    "Connection: keep-alive\r\n"
    "Keep-Alive: timeout=5\r\n"
    "Content-Length: 92\r\n"
    "\r\n";

/// A server that was restarted: the most common failure there is.
mooring::recovery::Failure lost_session() {
  mooring::recovery::Failure failure;
  failure.delivery = mooring::recovery::Delivery::refused;
  failure.method = "tools/call";
  failure.sent_session_id = true;
  failure.http_status = 404;
  failure.headers = {{"content-type", "application/json"}, {"content-length", "83"}};
  failure.body =
      R"({"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null})";
  return failure;
}

using mooring::gateway::Contribution;
using mooring::gateway::Era;
using mooring::gateway::Pieces;
using mooring::upstream::ListKind;

/// A server with so many tools; `change` is in the description of the last.
Contribution listing_server(std::string name, int tools, std::string_view change = {}) {
  std::string list;
  for (int i = 0; i < tools; ++i) {
    list += fmt::format(
        R"({}{{"name":"tool_{}","description":"Does one thing, and says in a sentence which.{}",)"
        R"("inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}},)"
        R"("limit":{{"type":"integer","minimum":1}}}},"required":["path"]}}}})",
        i == 0 ? "" : ",", i, i + 1 == tools ? change : ""
    );
  }
  mooring::upstream::PageCollector pages(ListKind::tools, 1);
  pages.add(R"({"tools":[)" + list + "]}");
  auto catalogue = std::make_shared<mooring::upstream::Catalogue>();
  (*catalogue)[ListKind::tools] = std::move(pages).take();
  return {std::move(name), nullptr, std::move(catalogue), R"({"tools":{}})"};
}

void answer(const Pieces& pieces) {
  const auto response = mooring::protocol::make_result_of("1000000001", pieces);
  wrong += response.size() > 100'000 ? 0 : 1;
}

const mooring::gateway::ServerView& thousand_tools() {
  static const mooring::gateway::ServerView view(listing_server("server", 1000));
  return view;
}

/// A thousand servers with twenty tools each, as one.
struct Everything {
  std::shared_ptr<const mooring::gateway::ServerNames> names;
  std::vector<mooring::gateway::SharePtr> shares;
  std::unique_ptr<const mooring::gateway::Aggregate> aggregate;

  Everything() {
    std::vector<std::string> all;
    for (int i = 0; i < 1000; ++i) {
      all.push_back(fmt::format("server{}", i));
      shares.push_back(mooring::gateway::make_share(listing_server(all.back(), 20)));
    }
    names = std::make_shared<const mooring::gateway::ServerNames>(std::move(all));
    join();
  }
  void join() {
    auto next = std::make_unique<mooring::gateway::Aggregate>(names, shares, aggregate.get());
    if (aggregate) wrong += next->lists_same(*aggregate, ListKind::tools) ? 1 : 0;
    aggregate = std::move(next);
  }
};

Everything& everything() {
  static Everything all;
  return all;
}

}  // namespace

// The names that bench/budgets.txt lists, with `counted_` before them.
extern "C" {

[[gnu::noinline]] void counted_request_head() {
  static mooring::io::HttpRequestParser parser({});
  for (int i = 0; i < times; ++i) {
    parser.reset();
    wrong += parser.feed(request_head) == request_head.size() ? 0 : 1;
    wrong += parser.fields().find("Content-Type") == "application/json" ? 0 : 1;
  }
}

[[gnu::noinline]] void counted_response_head() {
  static mooring::io::HttpResponseParser parser(64 * 1024, false);
  for (int i = 0; i < times; ++i) {
    parser.reset(false);
    wrong += parser.feed(response_head) == response_head.size() ? 0 : 1;
    wrong += parser.fields().find("Content-Type") == "application/json" ? 0 : 1;
  }
}

[[gnu::noinline]] void counted_frame_parse() {
  static const auto text = example_call();
  for (int i = 0; i < times; ++i) {
    std::string bytes;
    bytes.reserve(text.size() + 64);  // as the HTTP server hands it over
    bytes = text;
    wrong += mooring::protocol::Frame::parse(std::move(bytes)) ? 0 : 1;
  }
}

[[gnu::noinline]] void counted_splice_name_and_id() {
  static const auto frame = mooring::protocol::Frame::parse(example_call());
  for (int i = 0; i < times; ++i) {
    const auto bytes =
        frame->spliced({{frame->id_span(), "42"}, {frame->name_span(), R"("echo")"}});
    wrong += bytes.empty() ? 1 : 0;
  }
}

[[gnu::noinline]] void counted_sse_decode() {
  static const auto text = mooring::protocol::encode_sse(std::string(128, 'x'), "boot-0-1");
  for (int i = 0; i < times; ++i) {
    mooring::protocol::SseDecoder decoder(std::size_t{1} << 20);
    decoder.feed(text);
    wrong += decoder.next() ? 0 : 1;
  }
}

[[gnu::noinline]] void counted_session_open() {
  static const mooring::gateway::SessionCodec codec({}, std::chrono::hours(24));
  static const auto now = system_clock::now();
  static const auto token = codec.seal(example_session(), now);
  for (int i = 0; i < times; ++i) wrong += codec.open(token, now) ? 0 : 1;
}

[[gnu::noinline]] void counted_classify() {
  static const auto failure = lost_session();
  static const mooring::recovery::Overrides overrides;
  for (int i = 0; i < times; ++i) {
    wrong += mooring::recovery::classify(failure, overrides).about_session() ? 0 : 1;
  }
}

[[gnu::noinline]] void counted_list_legacy() {
  const auto& view = thousand_tools();
  for (int i = 0; i < times; ++i) answer(view.list(ListKind::tools, Era::legacy));
}

[[gnu::noinline]] void counted_list_modern() {
  const auto& view = thousand_tools();
  for (int i = 0; i < times; ++i) answer(view.list(ListKind::tools, Era::modern));
}

/// One of a thousand servers has changed one of its twenty tools: its view, its share, the
/// aggregate of all, and whether its clients are to be told.
[[gnu::noinline]] void counted_rebuild_aggregate() {
  auto& all = everything();
  static const auto one = listing_server("server500", 20, " One."),
                    other = listing_server("server500", 20, " Other.");
  for (int i = 0; i < times; ++i) {
    const mooring::gateway::ServerView view(i % 2 == 0 ? one : other);
    all.shares[500] = mooring::gateway::make_share(i % 2 == 0 ? one : other, all.shares[500].get());
    all.join();
    wrong += view.offers(ListKind::tools) ? 0 : 1;
  }
}

[[gnu::noinline]] void counted_find_tool() {
  const auto& aggregate = *everything().aggregate;
  for (int i = 0; i < times; ++i) wrong += aggregate.tool("server500__tool_7") ? 0 : 1;
}

}  // extern "C"

/// Twice: whatever a function sets up when it is first called is not of interest.
int main() {
  for (int round = 0; round < 2; ++round) {
    counted_request_head();
    counted_response_head();
    counted_frame_parse();
    counted_splice_name_and_id();
    counted_sse_decode();
    counted_session_open();
    counted_classify();
    counted_list_legacy();
    counted_list_modern();
    counted_rebuild_aggregate();
    counted_find_tool();
  }
  fmt::print("{}\n", times);
  if (wrong > 0) fmt::print(stderr, "mooring-counted: {} wrong answers\n", wrong);
  return wrong == 0 ? 0 : 1;
}
