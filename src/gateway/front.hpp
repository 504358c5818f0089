#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/asio.hpp"
#include "protocol/frame.hpp"
#include "protocol/version.hpp"

/// The seam between the front doors (server/: HTTP, stdio) and what answers behind them (the
/// gateway's Router, or the test server mooring-everything). A door speaks the transport; a Service
/// speaks MCP.
namespace mooring::gateway {

/// Who is asking. Immutable, shared between workers. A legacy client has one for all it does; of a
/// modern one it lives for a single request, and holds what the request's metadata said.
struct ClientSession {
  std::string id;   ///< the Mcp-Session-Id the client holds; empty on stdio and in the modern era
  std::string key;  ///< short unique name of the session, for maps and logs
  std::string endpoint;  ///< "" = aggregate, else the name of the one upstream
  protocol::Version version = protocol::latest_legacy;
  std::string capabilities;  ///< the client's, raw JSON object
  std::string client_name;
  std::string principal;  ///< whom the bearer token named; empty without authentication
  // Modern only:
  std::string client_info;  ///< raw JSON object; empty: not told
  std::string log_level;    ///< the least severe it wants to hear of; empty: none
  /// The `Mcp-Param-*` headers of a request over HTTP, names in lower case without that prefix.
  /// Nothing on stdio, where there are none to check.
  std::optional<std::map<std::string, std::string>> param_headers;

  bool modern() const { return protocol::is_modern(version); }
};
using ClientSessionPtr = std::shared_ptr<const ClientSession>;

/// Where the answer to one client request goes. Lives as long as somebody may write to it; a client
/// that went away makes the calls no-ops (the door keeps what can be resumed). On the worker's
/// thread that made it.
class Responder {
 public:
  virtual ~Responder() = default;
  /// A notification or request of the server, on the stream of this request. In order.
  virtual awaitable<void> send(std::string message) = 0;
  /// The response. Exactly once, last.
  virtual awaitable<void> finish(std::string response) = 0;
  /// The response in pieces; a piece is one line of JSON text or a part of it. False: nobody reads
  /// any more.
  virtual awaitable<bool> finish_part(std::string_view bytes) = 0;
  /// `ok` false: the response could not be completed; the door says so (`broken_result`) where it
  /// can, else it cuts the stream.
  virtual awaitable<void> finish_end(bool ok) = 0;
  /// Closes the connection under the stream, which stays resumable (SSE polling, 2025-11-25). No-op
  /// where that is impossible.
  virtual void disconnect() {}
  /// False: the client takes nothing but the response; it cannot be asked anything during this
  /// request.
  virtual bool can_send() const { return true; }
};
/// The response in place of a result that broke off on its way. `id` raw.
std::string broken_result(std::string_view id);

using ResponderPtr = std::shared_ptr<Responder>;

/// Where messages go that belong to no request: the client's GET stream, or stdout. Safe to call
/// from any worker.
using Outbox = std::function<void(std::string message)>;

struct Opened {
  ClientSessionPtr session;  ///< empty: refused, and `response` says why
  std::string response;      ///< the answer to `initialize`
};

/// What answers behind a door. One instance per worker; every call on that worker's thread.
class Service {
 public:
  virtual ~Service() = default;

  /// `initialize` on an endpoint ("" or a server's name). The door has checked that it is a request
  /// of that method.
  virtual awaitable<Opened> open(
      protocol::Frame initialize, std::string endpoint, std::string principal
  ) = 0;
  /// The session behind an Mcp-Session-Id; empty: unknown, expired or ended.
  virtual ClientSessionPtr find(std::string_view id) = 0;
  /// Any request but `initialize`. Returns when it is answered. Those of a modern client name their
  /// own session, and end when the client gives them up (a `notice` of notifications/cancelled with
  /// the session's key), `subscriptions/listen` among them. Their answers are of the modern era;
  /// over HTTP their error codes decide the status.
  virtual awaitable<void> request(
      ClientSessionPtr session, protocol::Frame request, ResponderPtr responder
  ) = 0;
  /// A notification or a response of the client.
  virtual void notice(ClientSessionPtr session, protocol::Frame message) = 0;
  /// The client listens (GET stream, or stdio from the start): unsolicited messages go to `outbox`
  /// until `unlisten`.
  virtual void listen(ClientSessionPtr session, Outbox outbox) = 0;
  virtual void unlisten(ClientSessionPtr session) = 0;
  /// DELETE, or the end of stdin.
  virtual void end(ClientSessionPtr session) = 0;
  /// False: there is no such endpoint (the door answers 404).
  virtual bool has_endpoint(std::string_view endpoint) = 0;
};

}  // namespace mooring::gateway
