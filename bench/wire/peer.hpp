#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "wire/http_message.hpp"
#include "wire/socket.hpp"

namespace mooring::bench {

/// One connection of an MCP client that waits for every answer. Throws std::runtime_error where
/// something is wrong or nothing comes for 30 seconds.
class Peer {
 public:
  using Microseconds = std::chrono::duration<double, std::micro>;

  Peer(Loopback server, std::string path);

  /// Sends a message and reads the answer; how long that took.
  Microseconds exchange(std::string_view body, int expected);
  /// A call that must succeed.
  Microseconds call(std::string_view body);
  /// A new session, which everything that follows belongs to. `initialized` is not said yet.
  Microseconds open();
  /// Another session.
  void use(std::string_view id);
  const std::string& session() const { return id_; }

  /// Asks for the event stream of the session and reads its first event. Nothing else after that.
  void listen();
  /// Takes what has come on the stream; throws where it has ended.
  void still_listening();

  static constexpr std::string_view initialized =
      R"({"jsonrpc":"2.0","method":"notifications/initialized"})";

 private:
  void wait(short events) const;
  void write(std::string_view bytes) const;
  /// One piece of the answer. False: nothing is there now.
  bool read_some();

  Loopback server_;
  std::string path_;
  Fd socket_;
  std::string id_, session_headers_;
  HttpMessage answer_{HttpMessage::Kind::response};
};

}  // namespace mooring::bench
