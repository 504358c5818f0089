#pragma once

#include <string>
#include <string_view>

#include "harness/session.hpp"

namespace mooring::integration {

/// A downstream client of the older HTTP+SSE: one stream on which everything comes, and the URL it
/// named to post to. Handshake done, ids counted.
class SseSession {
 public:
  /// `url` of the stream.
  SseSession(Client& client, const std::string& url, SessionOptions options = {});

  Exchange& stream() { return stream_; }
  const std::string& message_url() const { return message_url_; }
  const json::value& opened() const { return opened_; }  ///< the answer to initialize

  /// Any body, on a fresh connection, so that any worker may get it.
  Response post(std::string body);
  /// Sends a request; the raw id it has.
  std::string start(std::string_view method, std::string_view params = "{}");
  std::string start_tool(std::string_view name, std::string_view arguments = "{}");
  /// Sends a request and waits for its response.
  json::value call(std::string_view method, std::string_view params = "{}");
  json::value tool(std::string_view name, std::string_view arguments = "{}");
  /// Waits for a message of the server.
  json::value heard(std::string_view method);

 private:
  Client& client_;
  Headers headers_;
  Exchange stream_;
  std::string message_url_;
  json::value opened_;
  int last_ = 0;
};

}  // namespace mooring::integration
