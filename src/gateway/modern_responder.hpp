#pragma once

#include <string>
#include <string_view>

#include "gateway/front.hpp"
#include "protocol/frame.hpp"

namespace mooring::gateway {

/// A response as a modern client gets it: with `resultType` and what a cacheable result carries;
/// error codes that went with the legacy era have the code that took their place.
/// A server that wants a person to visit an address first has the client asked for that.
std::string modern_response(
    const ClientSession& session, std::string_view method, std::string response
);

/// Gives every response of one request that form; what comes before it passes as it is.
class ModernResponder final : public Responder {
 public:
  /// Whether the server may ask the client things while the request runs.
  enum class Questions : bool { declined, asked };

  ModernResponder(
      ResponderPtr to, ClientSessionPtr session, const protocol::Frame& request, Questions questions
  )
      : to_(std::move(to)),
        session_(std::move(session)),
        method_(request.method()),
        id_(request.id()),
        questions_(questions) {}

  awaitable<void> send(std::string message) override { return to_->send(std::move(message)); }
  awaitable<void> finish(std::string response) override {
    return to_->finish(modern_response(*session_, method_, std::move(response)));
  }
  awaitable<bool> finish_part(std::string_view bytes) override;
  awaitable<void> finish_end(bool ok) override;
  bool can_send() const override { return questions_ == Questions::asked; }

 private:
  ResponderPtr to_;
  ClientSessionPtr session_;
  std::string method_, id_, parts_;
  Questions questions_;
};

}  // namespace mooring::gateway
