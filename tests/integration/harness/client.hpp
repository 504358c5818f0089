#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/background.hpp"
#include "harness/inbox.hpp"
#include "harness/json.hpp"
#include "io/http_client.hpp"

namespace mooring::integration {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 0;  ///< 0: no answer, and `body` says why
  std::string body;
  std::vector<io::HttpHeader> fields;

  std::string header(std::string_view name) const;
  json::value json() const { return parse(body); }
};

struct Event {
  std::string id;
  std::string data;

  json::value json() const { return parse(data); }
};

struct ExchangeState;

/// One HTTP exchange whose answer is read as it comes, on a connection of its own. A JSON answer is
/// one event.
class Exchange {
 public:
  Exchange(Exchange&&) = default;
  Exchange& operator=(Exchange&&) = delete;
  ~Exchange();  ///< closes the connection

  /// Waits for the head of the answer.
  int status();
  std::string header(std::string_view name);
  bool is_stream() { return header("content-type").starts_with("text/event-stream"); }
  /// The first message that fits, waited for; null when the answer ended without it.
  json::value wait(const std::function<bool(const json::value&)>& fits);
  /// The response to the request `id` (raw), waited for; null when the answer ended without it.
  json::value response(std::string_view id);
  std::vector<Event> events() const;
  std::size_t count(std::string_view method) const;  ///< messages of this method so far
  /// Id of the last event so far, those without data included.
  std::string last_id() const;
  /// Waits until an event with an id came (the priming event of a stream).
  bool wait_primed();
  bool wait_end();
  void close();

 private:
  friend class Client;
  explicit Exchange(std::shared_ptr<ExchangeState> state) : state_(std::move(state)) {}
  std::shared_ptr<ExchangeState> state_;
};

/// A raw HTTP client with a thread of its own, behind blocking calls.
class Client {
 public:
  Client();
  ~Client();

  /// `fresh`: on a new connection, so that any worker of the gateway may get it.
  Response send(
      std::string method, const std::string& url, Headers headers = {}, std::string body = {},
      bool fresh = false
  );
  Exchange open(
      std::string method, const std::string& url, Headers headers = {}, std::string body = {}
  );
  Background& background() { return background_; }

 private:
  Background background_;
  std::unique_ptr<io::HttpClient> http_;
};

/// Bytes on a socket, for what no HTTP client would send.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void write(std::string_view bytes);
  /// One response with a Content-Length, head and body; what came where the peer closed before.
  std::string response();
  std::string to_end();
  std::string until(std::string_view mark);  ///< everything up to and with it

 private:
  bool more();
  int socket_;
  std::string read_;
};

}  // namespace mooring::integration
