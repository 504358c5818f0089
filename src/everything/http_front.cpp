#include "everything/http_front.hpp"

#include "chaos/gone_answer.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {
namespace {

constexpr std::string_view session_header = "Mcp-Session-Id";

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
  if (exchange.path() == "/sse" || exchange.path() == "/message") {
    co_return co_await sse_door_(exchange);
  }
  if (exchange.path() != "/mcp") {
    co_await exchange.respond(
        404, {{"Content-Type", "text/plain"}}, "MCP is served at /mcp and /sse\n"
    );
    co_return;
  }
  auto id = exchange.header(session_header);
  if (!id.empty() && !service_.find(id)) {
    if (co_await chaos::answer_gone(exchange, dialect_, world_.timers)) co_return;
  }
  co_await door_(exchange);
}

}  // namespace mooring::everything
