#pragma once

#include <string>
#include <string_view>

#include "gateway/front.hpp"
#include "protocol/frame.hpp"

namespace mooring::gateway {

/// Gives every response of one request the form of the modern era: with `resultType` and what a
/// cacheable result carries; error codes that went with the legacy era have the code that took
/// their place, and a server that wants a person to visit an address first has the client asked for
/// that. What comes before the response passes as it is.
class ModernResponder final : public Responder {
 public:
  /// `asks`: what comes before the response may be a question.
  ModernResponder(
      ResponderPtr to, ClientSessionPtr session, const protocol::Frame& request, bool asks
  )
      : to_(std::move(to)),
        session_(std::move(session)),
        method_(request.method()),
        id_(request.id()),
        asks_(asks) {}

  awaitable<void> send(std::string message) override { return to_->send(std::move(message)); }
  awaitable<void> finish(std::string response) override;
  awaitable<bool> finish_part(std::string_view bytes) override;
  awaitable<void> finish_end(bool ok) override;
  bool can_send() const override { return asks_; }

 private:
  ResponderPtr to_;
  ClientSessionPtr session_;
  std::string method_, id_, parts_;
  bool asks_;
};

}  // namespace mooring::gateway
