#include "chaos/gone_answer.hpp"

#include <memory>
#include <vector>

#include "io/async.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"

namespace mooring::chaos {
namespace {

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
    core::Timers& timers
) {
  auto gone = std::make_shared<io::Event>(co_await asio::this_coro::executor, timers);
  exchange.on_peer_gone([gone] { gone->set(); });
  if (!co_await exchange.begin_stream(200, headers)) co_return;
  if (!co_await exchange.write(first)) co_return;
  co_await gone->wait();
}

}  // namespace

awaitable<bool> answer_gone(
    io::HttpExchange& exchange, const ExpiryDialect& dialect, core::Timers& timers
) {
  const auto method = exchange.method();
  RequestHead head;
  if (method == "POST") head = peek(exchange.body());
  if (head.method == "initialize") co_return false;
  if (dialect.answers_ping && method == "POST" && head.id.empty()) {
    co_await exchange.respond(202, {}, "");
    co_return true;
  }
  if (dialect.answers_ping && head.method == "ping") {
    auto pong = protocol::make_result(head.id, "{}");
    co_await exchange.respond(200, {{"Content-Type", "application/json"}}, pong);
    co_return true;
  }
  const auto& form = form_for(dialect, method);
  const auto session = exchange.header("Mcp-Session-Id");
  auto extra = fill_in(form.header_value, head.id, session);
  auto body = fill_in(form.body, head.id, session);
  auto headers = headers_of(form, extra);
  if (form.stays_open) {
    co_await keep_open(exchange, std::move(headers), std::move(body), timers);
  } else {
    co_await exchange.respond(form.status, headers, body);
  }
  co_return true;
}

}  // namespace mooring::chaos
