#include "harness/sse_session.hpp"

#include <fmt/format.h>

#include "core/url.hpp"
#include "protocol/messages.hpp"

namespace mooring::integration {

namespace {

Headers with(Headers headers, std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return headers;
}

}  // namespace

SseSession::SseSession(Client& client, const std::string& url, SessionOptions options)
    : client_(client),
      headers_(std::move(options.headers)),
      stream_(client.open("GET", url, with(headers_, "Accept", "text/event-stream"))) {
  if (stream_.status() != 200) return;
  stream_.wait([](const json::value&) { return true; });
  const auto named = core::Url::parse(url)->resolve(stream_.events().at(0).data);
  message_url_ = named ? named->text() : std::string();
  const auto id = start(
      "initialize",
      fmt::format(
          R"({{"protocolVersion":"{}","capabilities":{},"clientInfo":{{"name":"old","version":"1"}}}})",
          options.version, options.capabilities
      )
  );
  opened_ = stream_.response(id);
  post(protocol::make_notification("notifications/initialized"));
}

Response SseSession::post(std::string body) {
  return client_.send(
      "POST", message_url_, with(headers_, "Content-Type", "application/json"), std::move(body),
      true
  );
}

std::string SseSession::start(std::string_view method, std::string_view params) {
  auto id = std::to_string(++last_);
  post(protocol::make_request(id, method, params));
  return id;
}

std::string SseSession::start_tool(std::string_view name, std::string_view arguments) {
  return start("tools/call", fmt::format(R"({{"name":"{}","arguments":{}}})", name, arguments));
}

json::value SseSession::call(std::string_view method, std::string_view params) {
  return stream_.response(start(method, params));
}

json::value SseSession::tool(std::string_view name, std::string_view arguments) {
  return stream_.response(start_tool(name, arguments));
}

json::value SseSession::heard(std::string_view method) {
  return stream_.wait([&](const json::value& m) { return text(m, "/method") == method; });
}

}  // namespace mooring::integration
