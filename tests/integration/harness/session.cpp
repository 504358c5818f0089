#include "harness/session.hpp"

#include <fmt/format.h>

#include "protocol/messages.hpp"

namespace mooring::integration {

namespace {

std::string tool_params(std::string_view name, std::string_view arguments, std::string_view meta) {
  const auto more = meta.empty() ? std::string() : fmt::format(R"(,"_meta":{})", meta);
  return fmt::format(R"({{"name":"{}","arguments":{}{}}})", name, arguments, more);
}

}  // namespace

Session::Session(Client& client, std::string url, SessionOptions options)
    : client_(client), url_(std::move(url)), options_(std::move(options)) {
  const auto params = fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{},"clientInfo":{{"name":"test","version":"1"}}}})",
      options_.version, options_.capabilities
  );
  const auto answer = post(protocol::make_request("0", "initialize", params), false);
  opened_ = answer.json();
  id_ = answer.header("Mcp-Session-Id");
  if (!id_.empty()) send(protocol::make_notification("notifications/initialized"));
}

Headers Session::headers(std::string_view accept) const {
  auto all = options_.headers;
  all.emplace_back("Accept", accept);
  if (!id_.empty()) {
    all.emplace_back("Mcp-Session-Id", id_);
    all.emplace_back("MCP-Protocol-Version", options_.version);
  }
  return all;
}

json::value Session::call(std::string_view method, std::string_view params) {
  auto exchange = start(method, params);
  return exchange.response(last_id());
}

json::value Session::tool(std::string_view name, std::string_view arguments) {
  return call("tools/call", tool_params(name, arguments, {}));
}

Exchange Session::start(std::string_view method, std::string_view params) {
  auto all = headers("application/json, text/event-stream");
  all.emplace_back("Content-Type", "application/json");
  ++last_;
  return client_.open("POST", url_, all, protocol::make_request(last_id(), method, params));
}

Exchange Session::start_tool(
    std::string_view name, std::string_view arguments, std::string_view meta
) {
  return start("tools/call", tool_params(name, arguments, meta));
}

int Session::send(std::string message) { return post(std::move(message), false).status; }

Response Session::post(std::string body, bool fresh) {
  auto all = headers("application/json, text/event-stream");
  all.emplace_back("Content-Type", "application/json");
  return client_.send("POST", url_, all, std::move(body), fresh);
}

Exchange Session::listen(std::string last_event_id) {
  auto all = headers("text/event-stream");
  if (!last_event_id.empty()) all.emplace_back("Last-Event-ID", std::move(last_event_id));
  return client_.open("GET", url_, all);
}

Response Session::end(bool fresh) {
  return client_.send("DELETE", url_, headers("application/json, text/event-stream"), {}, fresh);
}

std::vector<std::string> names(const json::value& response, std::string_view list) {
  std::vector<std::string> found;
  const auto items = at(response, fmt::format("/result/{}", list));
  if (!items.is_array()) return found;
  for (const auto& item : items.as_array()) {
    auto name = text(item, "/name");
    found.push_back(name.empty() ? text(item, "/uri") : name);
  }
  return found;
}

json::value asked(Exchange& call, std::string_view method) {
  return call.wait([&](const json::value& m) { return text(m, "/method") == method; });
}

int answer(Session& session, const json::value& question, std::string_view body) {
  return session
      .post(fmt::format(
          R"({{"jsonrpc":"2.0","id":{},{}}})", json::serialize(at(question, "/id")), body
      ))
      .status;
}

}  // namespace mooring::integration
