#pragma once

#include <expected>
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
  /// Puts a question to the client that came in a result (`inputRequests` of a modern server), and
  /// returns the raw result of its answer; the raw error where there is none to give.
  awaitable<std::expected<std::string, std::string>> answer_to(
      protocol::Frame question, core::TimePoint until
  );
  /// Nobody waits for answers any more.
  void give_up() { over_->abort(); }

 private:
  struct Question;
  static awaitable<void> ask(std::shared_ptr<Question> question);
  static awaitable<std::string> response_to(std::shared_ptr<Question> question);
  awaitable<std::string> refusal(const protocol::Frame& request) const;
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
