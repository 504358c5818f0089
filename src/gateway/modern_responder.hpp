#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/front.hpp"
#include "protocol/frame.hpp"

namespace mooring::gateway {

/// What a server of the legacy era answered, for a modern client: codes that mean something in the
/// modern era only mean nothing there. `elicits`: it may ask for input.
std::string without_modern_codes(std::string response, bool elicits);

/// Gives every response of one request the form of the modern era: with `resultType` and what a
/// cacheable result carries; error codes that went with the legacy era have the code that took
/// their place, and a server that wants a person to visit an address first has the client asked for
/// that. What comes before the response passes as it is.
class ModernResponder final : public Responder {
 public:
  /// Whose results these are. Those of the legacy era say nothing of it that counts: nothing in
  /// them is a question or an advice to caches.
  enum class Server : std::uint8_t { modern, legacy, legacy_that_asks };

  ModernResponder(
      ResponderPtr to, ClientSessionPtr session, const protocol::Frame& request, Server server
  )
      : to_(std::move(to)),
        session_(std::move(session)),
        method_(request.method()),
        id_(request.id()),
        server_(server) {}

  awaitable<void> send(std::string message) override { return to_->send(std::move(message)); }
  awaitable<void> finish(std::string response) override;
  awaitable<bool> finish_part(std::string_view bytes) override;
  awaitable<void> finish_end(bool ok) override;
  bool can_send() const override { return server_ == Server::legacy_that_asks; }

 private:
  ResponderPtr to_;
  ClientSessionPtr session_;
  std::string method_, id_, parts_;
  Server server_;
};

}  // namespace mooring::gateway
