#pragma once

#include <string>
#include <string_view>

#include "harness/client.hpp"

namespace mooring::integration {

struct SessionOptions {
  std::string version = "2025-11-25";
  std::string capabilities = "{}";
  Headers headers = {};
};

/// A downstream MCP client of one endpoint: handshake done, ids counted.
class Session {
 public:
  Session(Client& client, std::string url, SessionOptions options = {});

  const std::string& id() const { return id_; }
  const std::string& url() const { return url_; }
  void move_to(std::string url) { url_ = std::move(url); }  ///< the gateway was restarted
  const json::value& opened() const { return opened_; }     ///< the answer to initialize

  /// Sends a request and waits for its whole response.
  json::value call(std::string_view method, std::string_view params = "{}");
  json::value tool(std::string_view name, std::string_view arguments = "{}");
  /// Sends a request; its answer is read as it comes. `last_id()` is the raw id it has.
  Exchange start(std::string_view method, std::string_view params = "{}");
  Exchange start_tool(
      std::string_view name, std::string_view arguments = "{}", std::string_view meta = {}
  );
  std::string last_id() const { return std::to_string(last_); }
  /// A notification or a response, raw. Returns the status.
  int send(std::string message);
  /// Any body, on a fresh connection.
  Response post(std::string body, bool fresh = true);
  Exchange listen(std::string last_event_id = {});
  Response end(bool fresh = true);

 private:
  Headers headers(std::string_view accept) const;

  Client& client_;
  std::string url_;
  SessionOptions options_;
  std::string id_;
  json::value opened_;
  int last_ = 0;
};

/// Waits for what the server asks on the stream of a call.
json::value asked(Exchange& call, std::string_view method);
/// Answers it with `body`, the raw member "result" or "error" of the response. The status.
int answer(Session& session, const json::value& question, std::string_view body);

/// The names in a list result.
std::vector<std::string> names(const json::value& response, std::string_view list = "tools");

}  // namespace mooring::integration
