#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/background.hpp"
#include "harness/inbox.hpp"
#include "harness/json.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"

namespace mooring::integration {

/// One request as it reached a scripted server.
struct Seen {
  std::string http_method;
  std::string path;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string method;   ///< of the JSON-RPC message, or empty
  std::string id;       ///< raw; empty: none
  std::string session;  ///< Mcp-Session-Id

  json::value message() const { return parse(body); }
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class ScriptedServer;

/// How one request is answered. On the server's thread.
using Answer = std::function<awaitable<void>(ScriptedServer&, io::HttpExchange&, Seen)>;

/// {"jsonrpc":"2.0","id":…,"result":…} as JSON.
Answer result(std::string raw);
/// The same as the one event of a stream, after `before` (whole messages).
Answer streamed(std::vector<std::string> before, std::string raw);
Answer rpc_error(int code, std::string message, int http_status = 200);
Answer http(
    int status, std::string type, std::string body,
    std::vector<std::pair<std::string, std::string>> headers = {}
);
/// Asks the client `request` (a whole JSON-RPC request with the id "q") on the stream of the call,
/// waits for the response, and makes its JSON the text of the call's result.
Answer asking(std::string request);
/// Reads the request and says nothing until the server stops, the client leaves or `release` is
/// called.
Answer silence();

/// An MCP server over Streamable HTTP that behaves well except where a test says otherwise. It
/// hands out the sessions "s-1", "s-2", … and answers 404 to ids it does not know.
class ScriptedServer {
 public:
  ScriptedServer();
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url(std::string_view path = "/mcp") const;
  std::uint16_t port() const { return port_; }

  // From the test's thread, at any time:
  /// Answers every request of this JSON-RPC method, or of "GET" and "DELETE".
  void on(const std::string& method, Answer answer);
  /// Answers requests to this path, whatever they say.
  void on_path(const std::string& path, Answer answer);
  void set_tools(std::string raw_array);
  void set_capabilities(std::string raw);
  /// Speaks the older HTTP+SSE transport (2024-11-05) from now on: GET opens the stream, whose
  /// first event names where to POST, and where every answer comes.
  void speak_old_transport();
  /// Speaks 2026-07-28 from now on, and nothing else: no sessions, no GET, no `initialize`. What is
  /// pushed goes to every listen, under its number.
  void speak_modern(bool modern = true);
  void set_session_ids(bool handed_out);
  void forget_sessions();
  /// A message on every open GET stream.
  void push(std::string message);
  void release();
  void forget_answers();  ///< of clients, to what was asked

  Inbox<Seen>& seen() { return seen_; }
  std::size_t count(const std::string& method) const;
  /// Waits for the number-th request of a method ("GET" and "DELETE" count too).
  bool wait_for(const std::string& method, std::size_t number = 1) const;
  std::vector<Seen> all(const std::string& method) const;
  bool wait_listener();  ///< a GET stream is open, or a listen

  // For answers, on the server's thread:
  io::Event& released() { return released_; }
  /// The response to a request of ours, as it came.
  awaitable<std::string> response_to(std::string id);

 private:
  awaitable<void> handle(io::HttpExchange& exchange);
  awaitable<void> by_the_book(io::HttpExchange& exchange, const Seen& seen);
  awaitable<void> initialize(io::HttpExchange& exchange, const Seen& seen);
  awaitable<void> listen(io::HttpExchange& exchange);
  awaitable<void> old_transport(io::HttpExchange& exchange, const Seen& seen);
  awaitable<void> modern(io::HttpExchange& exchange, const Seen& seen);
  awaitable<void> subscribe(io::HttpExchange& exchange, const Seen& seen);
  std::string answer_to(const Seen& seen);  ///< as a good server answers

  Background background_;
  io::Event released_;
  io::Event stirred_;         ///< something for the GET streams
  mutable std::mutex mutex_;  ///< guards what follows
  std::map<std::string, Answer> answers_, paths_;
  std::map<std::string, std::string> lists_;
  std::string capabilities_ = R"({"tools":{"listChanged":true}})";
  bool session_ids_ = true;
  bool old_transport_ = false;
  bool modern_ = false;
  std::set<std::string> sessions_;
  int last_session_ = 0;

  std::size_t answers_from_ = 0;     ///< where `response_to` begins to look
  std::vector<std::string> pushed_;  ///< on the worker's thread, as what follows
  bool stopping_ = false;
  Inbox<int> listeners_;
  Inbox<Seen> seen_;
  std::uint16_t port_ = 0;
  std::unique_ptr<io::HttpServer> server_;
};

}  // namespace mooring::integration
