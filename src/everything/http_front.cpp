#include "everything/http_front.hpp"

#include <vector>

#include "io/async.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {
namespace {

constexpr std::string_view session_header = "Mcp-Session-Id";

struct RequestHead {
  std::string id;      ///< raw; empty: none, or unreadable
  std::string method;  ///< of the message
};

/// What a dialect has to know of a POST body, which stays where it is.
RequestHead peek(const std::string& body) {
  auto frame = protocol::Frame::parse(body);
  if (!frame) return {std::move(frame.error().id), {}};
  return {std::string(frame->id()), frame->method()};
}

std::vector<io::HeaderField> headers_of(const ExpiryForm& form, const std::string& extra) {
  std::vector<io::HeaderField> headers;
  if (!form.content_type.empty()) headers.push_back({"Content-Type", form.content_type});
  if (!form.header_name.empty()) headers.push_back({form.header_name, extra});
  return headers;
}

/// An event stream that says `first` and then nothing until the client leaves.
awaitable<void> keep_open(
    io::HttpExchange& exchange, std::vector<io::HeaderField> headers, std::string first,
    World& world
) {
  auto gone = std::make_shared<io::Event>(world.executor, world.timers);
  exchange.on_peer_gone([gone] { gone->set(); });
  if (!co_await exchange.begin_stream(200, headers)) co_return;
  if (!co_await exchange.write(first)) co_return;
  co_await gone->wait();
}

}  // namespace

awaitable<void> HttpFront::handle(io::HttpExchange& exchange) {
  if (!hosts_.host_ok(exchange.header("Host")) || !hosts_.origin_ok(exchange.header("Origin"))) {
    auto body =
        protocol::make_error("", protocol::invalid_request, "Host or Origin is not allowed");
    co_await exchange.respond(403, {{"Content-Type", "application/json"}}, body);
    co_return;
  }
  if (exchange.path() == "/healthz") {
    co_await exchange.respond(200, {{"Content-Type", "text/plain"}}, "ok\n");
    co_return;
  }
  if (exchange.path() != "/mcp") {
    co_await exchange.respond(404, {{"Content-Type", "text/plain"}}, "MCP is served at /mcp\n");
    co_return;
  }
  auto id = exchange.header(session_header);
  if (!id.empty() && !service_.find(id)) {
    co_await answer_gone(exchange);
    co_return;
  }
  co_await door_(exchange);
}

awaitable<void> HttpFront::answer_gone(io::HttpExchange& exchange) {
  auto method = exchange.method();
  RequestHead head;
  if (method == "POST") head = peek(exchange.body());
  if (head.method == "initialize") {  // a new session begins, whatever the header says
    co_await door_(exchange);
    co_return;
  }
  if (dialect_.answers_ping && method == "POST" && head.id.empty()) {
    co_await exchange.respond(202, {}, "");
    co_return;
  }
  if (dialect_.answers_ping && head.method == "ping") {
    auto pong = protocol::make_result(head.id, "{}");
    co_await exchange.respond(200, {{"Content-Type", "application/json"}}, pong);
    co_return;
  }
  const auto& form = form_for(dialect_, method);
  auto extra = fill_in(form.header_value, head.id, exchange.header(session_header));
  auto body = fill_in(form.body, head.id, exchange.header(session_header));
  auto headers = headers_of(form, extra);
  if (form.stays_open) {
    co_await keep_open(exchange, std::move(headers), std::move(body), world_);
    co_return;
  }
  co_await exchange.respond(form.status, headers, body);
}

}  // namespace mooring::everything
