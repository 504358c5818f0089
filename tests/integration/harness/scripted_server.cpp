#include "harness/scripted_server.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "protocol/sse.hpp"

namespace mooring::integration {

namespace {

using io::HeaderField;

constexpr std::array json_type = {HeaderField{"Content-Type", "application/json"}};
constexpr std::array sse_type = {HeaderField{"Content-Type", "text/event-stream"}};

Seen read(io::HttpExchange& exchange) {
  Seen seen;
  seen.http_method = exchange.method();
  seen.path = exchange.path();
  for (const auto* name :
       {"accept", "content-type", "user-agent", "authorization", "mcp-session-id",
        "mcp-protocol-version", "last-event-id", "x-team", "host", "mcp-method", "mcp-name",
        "mcp-param-region"}) {
    if (exchange.has_header(name)) seen.headers.emplace(name, exchange.header(name));
  }
  seen.session = seen.header("mcp-session-id");
  seen.body = exchange.body();
  if (const auto frame = protocol::Frame::parse(seen.body)) {
    seen.method = frame->method();
    seen.id = frame->id();
  }
  return seen;
}

}  // namespace

Answer result(std::string raw) {
  return [raw](ScriptedServer&, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
    co_await exchange.respond(200, json_type, protocol::make_result(seen.id, raw));
  };
}

Answer streamed(std::vector<std::string> before, std::string raw) {
  return [before, raw](ScriptedServer&, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
    co_await exchange.begin_stream(200, sse_type);
    for (const auto& message : before) co_await exchange.write(protocol::encode_sse(message));
    co_await exchange.write(protocol::encode_sse(protocol::make_result(seen.id, raw)));
    co_await exchange.end_stream();
  };
}

Answer rpc_error(int code, std::string message, int http_status) {
  return [=](ScriptedServer&, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
    co_await exchange.respond(http_status, json_type, protocol::make_error(seen.id, code, message));
  };
}

Answer http(
    int status, std::string type, std::string body,
    std::vector<std::pair<std::string, std::string>> headers
) {
  return [=](ScriptedServer&, io::HttpExchange& exchange, Seen) -> awaitable<void> {
    std::vector<HeaderField> fields;
    if (!type.empty()) fields.push_back({"Content-Type", type});
    for (const auto& [name, value] : headers) fields.push_back({name, value});
    co_await exchange.respond(status, fields, body);
  };
}

Answer asking(std::string request) {
  return [request](
             ScriptedServer& server, io::HttpExchange& exchange, Seen seen
         ) -> awaitable<void> {
    co_await exchange.begin_stream(200, sse_type);
    co_await exchange.write(protocol::encode_sse(request));
    const auto response = co_await server.response_to("\"q\"");
    const auto raw =
        fmt::format(R"({{"content":[{{"type":"text","text":{}}}]}})", protocol::quote(response));
    co_await exchange.write(protocol::encode_sse(protocol::make_result(seen.id, raw)));
    co_await exchange.end_stream();
  };
}

Answer silence() {
  return [](ScriptedServer& server, io::HttpExchange& exchange, Seen) -> awaitable<void> {
    exchange.on_peer_gone([&server] { server.released().notify(); });
    while (!exchange.peer_gone() && !server.released().is_set()) {
      co_await server.released().wait();
    }
    exchange.close();
  };
}

ScriptedServer::ScriptedServer()
    : released_(background_.worker.executor(), background_.worker.timers()),
      stirred_(background_.worker.executor(), background_.worker.timers()) {
  lists_["tools/list"] = R"({"tools":[{"name":"echo","inputSchema":{"type":"object"}}]})";
  lists_["resources/list"] = R"({"resources":[]})";
  lists_["resources/templates/list"] = R"({"resourceTemplates":[]})";
  lists_["prompts/list"] = R"({"prompts":[]})";
  lists_["tools/call"] = R"({"content":[{"type":"text","text":"done"}]})";
  server_ = std::make_unique<io::HttpServer>(
      background_.worker, io::HttpServerLimits{},
      [this](io::HttpExchange& exchange) { return handle(exchange); }
  );
  const auto bound = server_->listen("127.0.0.1", 0);
  if (!bound) throw std::runtime_error(bound.error().detail);
  port_ = bound->port;
  background_.start();
}

ScriptedServer::~ScriptedServer() {
  background_.call([this] {
    stopping_ = true;
    released_.set();
    stirred_.set();
  });
  background_.run(server_->stop());
  background_.call([this] { server_.reset(); });
  background_.stop();
}

std::string ScriptedServer::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

void ScriptedServer::on(const std::string& method, Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_[method] = std::move(answer);
}

void ScriptedServer::on_path(const std::string& path, Answer answer) {
  const std::lock_guard lock(mutex_);
  paths_[path] = std::move(answer);
}

void ScriptedServer::set_tools(std::string raw_array) {
  const std::lock_guard lock(mutex_);
  lists_["tools/list"] = fmt::format(R"({{"tools":{}}})", raw_array);
}

void ScriptedServer::set_capabilities(std::string raw) {
  const std::lock_guard lock(mutex_);
  capabilities_ = std::move(raw);
}

void ScriptedServer::speak_old_transport() {
  const std::lock_guard lock(mutex_);
  old_transport_ = true;
}

void ScriptedServer::speak_modern(bool modern) {
  const std::lock_guard lock(mutex_);
  modern_ = modern;
  sessions_.clear();
}

void ScriptedServer::set_session_ids(bool handed_out) {
  const std::lock_guard lock(mutex_);
  session_ids_ = handed_out;
}

void ScriptedServer::forget_sessions() {
  const std::lock_guard lock(mutex_);
  sessions_.clear();
}

void ScriptedServer::push(std::string message) {
  background_.call([&] {
    pushed_.push_back(std::move(message));
    stirred_.notify();
  });
}

void ScriptedServer::release() {
  background_.call([this] { released_.set(); });
}

void ScriptedServer::forget_answers() {
  background_.call([this] { answers_from_ = seen_.all().size(); });
}

std::size_t ScriptedServer::count(const std::string& method) const { return all(method).size(); }

std::vector<Seen> ScriptedServer::all(const std::string& method) const {
  std::vector<Seen> found;
  for (auto& seen : seen_.all()) {
    if (seen.method == method || seen.http_method == method) found.push_back(std::move(seen));
  }
  return found;
}

bool ScriptedServer::wait_for(const std::string& method, std::size_t number) const {
  return seen_.wait_for(number, [&](const Seen& seen) {
    return seen.method == method || seen.http_method == method;
  });
}

bool ScriptedServer::wait_listener() {
  return listeners_.wait([](int) { return true; }).has_value();
}

awaitable<std::string> ScriptedServer::response_to(std::string id) {
  for (;;) {
    const auto all = seen_.all();
    for (auto i = answers_from_; i < all.size(); ++i) {
      if (all[i].method.empty() && all[i].id == id) co_return all[i].body;
    }
    if (stopping_) co_return "{}";
    co_await stirred_.wait();
  }
}

awaitable<void> ScriptedServer::handle(io::HttpExchange& exchange) {
  auto seen = read(exchange);
  Answer answer;
  bool is_modern = false;
  {
    const std::lock_guard lock(mutex_);
    is_modern = modern_;
    if (const auto found = paths_.find(seen.path); found != paths_.end()) {
      answer = found->second;
    } else if (modern_ && seen.method == "initialize") {
      answer = rpc_error(-32601, "Method not found", 404);
    } else if (!seen.session.empty() && !sessions_.contains(seen.session)) {
      answer = rpc_error(-32001, "Session not found", 404);
      if (seen.http_method == "DELETE") answer = http(404, {}, {});
    } else if (const auto by_rpc = answers_.find(seen.method); by_rpc != answers_.end()) {
      answer = by_rpc->second;
    } else if (const auto by_http = answers_.find(seen.http_method); by_http != answers_.end()) {
      answer = by_http->second;
    }
  }
  // The question for the modern era: asked of every server first, and of no interest here.
  if (seen.method == "server/discover" && !answer && !is_modern)
    co_return co_await rpc_error(-32601, "Method not found", 404)(*this, exchange, seen);
  seen_.add(seen);
  if (seen.method.empty()) stirred_.notify();
  if (answer) {
    co_await answer(*this, exchange, std::move(seen));
  } else {
    co_await by_the_book(exchange, seen);
  }
}

awaitable<void> ScriptedServer::by_the_book(io::HttpExchange& exchange, const Seen& seen) {
  bool old = false, is_modern = false;
  {
    const std::lock_guard lock(mutex_);
    old = old_transport_;
    is_modern = modern_;
  }
  if (is_modern) co_return co_await modern(exchange, seen);
  if (old) co_return co_await old_transport(exchange, seen);
  if (seen.http_method == "GET") co_return co_await listen(exchange);
  if (seen.http_method == "DELETE") {
    {
      const std::lock_guard lock(mutex_);
      sessions_.erase(seen.session);
    }
    co_await exchange.respond(200, {}, {});
    co_return;
  }
  if (seen.method == "initialize") co_return co_await initialize(exchange, seen);
  if (seen.method.empty() || seen.id.empty()) {
    co_await exchange.respond(202, {}, {});
    co_return;
  }
  co_await exchange.respond(200, json_type, answer_to(seen));
}

std::string ScriptedServer::answer_to(const Seen& seen) {
  std::string answer = "{}";
  bool known = seen.method == "ping" || seen.method == "logging/setLevel" ||
               seen.method.starts_with("resources/");
  const std::lock_guard lock(mutex_);
  if (const auto list = lists_.find(seen.method); list != lists_.end()) {
    answer = list->second;
    known = true;
  }
  if (seen.method == "server/discover") {
    answer = fmt::format(
        R"({{"supportedVersions":["2026-07-28"],"capabilities":{},"_meta":{{"io.modelcontextprotocol/serverInfo":{{"name":"scripted","version":"1"}}}}}})",
        capabilities_
    );
    known = true;
  }
  if (seen.method == "initialize") {
    answer = fmt::format(
        R"({{"protocolVersion":"{}","capabilities":{},"serverInfo":{{"name":"scripted","version":"1"}}}})",
        old_transport_ ? "2024-11-05" : "2025-11-25", capabilities_
    );
    known = true;
  }
  return known ? protocol::make_result(seen.id, answer)
               : protocol::make_error(seen.id, protocol::method_not_found, "Method not found");
}

awaitable<void> ScriptedServer::old_transport(io::HttpExchange& exchange, const Seen& seen) {
  if (seen.http_method == "GET") {
    co_await exchange.begin_stream(200, sse_type);
    co_await exchange.write("event: endpoint\ndata: /message?session=1\n\n");
    co_return co_await listen(exchange);
  }
  if (seen.path != "/message") {
    co_await exchange.respond(405, {}, {});
    co_return;
  }
  co_await exchange.respond(202, {}, "Accepted");
  if (seen.id.empty() || seen.method.empty()) co_return;
  pushed_.push_back(answer_to(seen));
  stirred_.notify();
}

awaitable<void> ScriptedServer::modern(io::HttpExchange& exchange, const Seen& seen) {
  if (seen.http_method != "POST") {
    co_await exchange.respond(405, {}, {});
  } else if (seen.header("mcp-method") != seen.method) {
    co_await rpc_error(protocol::header_mismatch, "Mcp-Method does not match", 400)(
        *this, exchange, seen
    );
  } else if (protocol::is_removed(seen.method)) {
    co_await rpc_error(protocol::method_not_found, "Method not found", 404)(*this, exchange, seen);
  } else if (seen.method == "subscriptions/listen") {
    co_await subscribe(exchange, seen);
  } else {
    const auto answer = answer_to(seen);
    const auto result = protocol::member(answer, "result");
    co_await exchange.respond(
        200, json_type,
        result ? protocol::make_result(seen.id, protocol::as_modern_result(seen.method, *result))
               : answer
    );
  }
}

awaitable<void> ScriptedServer::subscribe(io::HttpExchange& exchange, const Seen& seen) {
  exchange.on_peer_gone([this] { stirred_.notify(); });
  const auto tagged = [&](std::string_view method, std::string_view params) {
    return protocol::encode_sse(protocol::make_notification(
        method, protocol::with_meta(params, protocol::meta_subscription_id, seen.id)
    ));
  };
  const auto frame = protocol::Frame::parse(seen.body);
  co_await exchange.begin_stream(200, sse_type);
  co_await exchange.write(tagged(
      "notifications/subscriptions/acknowledged",
      fmt::format(
          R"({{"notifications":{}}})",
          protocol::member(frame->params(), "notifications").value_or("{}")
      )
  ));
  std::size_t told = pushed_.size();
  listeners_.add(1);
  while (!stopping_ && !exchange.peer_gone()) {
    while (told < pushed_.size()) {
      const auto message = protocol::Frame::parse(pushed_[told++]);
      if (!co_await exchange.write(tagged(message->method(), message->params()))) co_return;
    }
    co_await stirred_.wait();
  }
  co_await exchange.end_stream();
}

awaitable<void> ScriptedServer::initialize(io::HttpExchange& exchange, const Seen& seen) {
  std::string session;
  {
    const std::lock_guard lock(mutex_);
    if (session_ids_) {
      session = fmt::format("s-{}", ++last_session_);
      sessions_.insert(session);
    }
  }
  const auto answer = answer_to(seen);
  if (session.empty()) {
    co_await exchange.respond(200, json_type, answer);
  } else {
    const std::array headers = {json_type[0], HeaderField{"Mcp-Session-Id", session}};
    co_await exchange.respond(200, headers, answer);
  }
}

awaitable<void> ScriptedServer::listen(io::HttpExchange& exchange) {
  exchange.on_peer_gone([this] { stirred_.notify(); });
  if (!exchange.responded()) co_await exchange.begin_stream(200, sse_type);
  co_await exchange.write(": open\n\n");
  std::size_t told = pushed_.size();
  listeners_.add(1);
  while (!stopping_ && !exchange.peer_gone()) {
    while (told < pushed_.size()) {
      const auto message = protocol::encode_sse(pushed_[told++]);
      if (!co_await exchange.write(message)) co_return;
    }
    co_await stirred_.wait();
  }
  co_await exchange.end_stream();
}

}  // namespace mooring::integration
