#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/front.hpp"
#include "gateway/router.hpp"
#include "io/async.hpp"
#include "transport/channel.hpp"

namespace mooring::gateway {

/// Why a question to a client is taken back.
inline constexpr std::string_view no_answer_in_time = "no answer in time";

/// Brings what an upstream says during one call to the client that made it, on that call's stream,
/// and the client's answers back. Capabilities the client lacks, limits of sampling and the
/// person's deadline are seen to here.
class Relay final : public transport::Sink {
 public:
  Relay(
      Router& router, ClientSessionPtr session, ResponderPtr responder,
      std::shared_ptr<upstream::Link> link
  );
  ~Relay() override;  ///< ends the waiting for answers: the call is over

  awaitable<void> message(protocol::Frame frame) override;

 private:
  struct Question;
  static awaitable<void> ask(std::shared_ptr<Question> question);
  awaitable<void> withdraw(const protocol::Frame& cancelled);
  /// Why the client cannot be asked; empty: it can.
  std::string obstacle(const protocol::Frame& request) const;

  Router& router_;
  ClientSessionPtr session_;
  ResponderPtr responder_;
  std::shared_ptr<upstream::Link> link_;
  std::shared_ptr<io::AbortSource> over_;
  std::vector<std::weak_ptr<Question>> asked_;
};

}  // namespace mooring::gateway
