#include "gateway/relay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/log_level.hpp"
#include "gateway/rewrites.hpp"
#include "protocol/messages.hpp"
#include "upstream/decline.hpp"

namespace mooring::gateway {

using protocol::Frame;

/// One request of a server on its way to the client. Outlives the call that brought it.
struct Relay::Question {
  Router& router;
  ClientSessionPtr session;
  ResponderPtr responder;
  std::shared_ptr<upstream::Link> link;
  std::shared_ptr<io::AbortSource> over;
  Frame request;
  std::string id;                                  ///< under which the client is asked, raw
  core::TimePoint until = core::TimePoint::max();  ///< nobody waits longer
};

Relay::Relay(
    Router& router, ClientSessionPtr session, ResponderPtr responder,
    std::shared_ptr<upstream::Link> link
)
    : router_(router),
      session_(std::move(session)),
      responder_(std::move(responder)),
      link_(std::move(link)),
      over_(std::allocate_shared<io::AbortSource>(io::PoolAllocator<io::AbortSource>())) {}

Relay::~Relay() { give_up(); }

awaitable<void> Relay::message(Frame frame) {
  if (frame.method() == "notifications/cancelled") co_return co_await withdraw(frame);
  if (frame.is_notification()) {
    if (session_->modern() && frame.method() != "notifications/progress" &&
        frame.method() != "notifications/message") {
      co_return;  // The stream of a request has no others in that era.
    }
    if (frame.method() == "notifications/message") {
      if (session_->modern() && !is_wanted(session_->log_level, frame)) co_return;
      const auto level = router_.levels_.find(session_->key);
      const auto severity = log_severity(protocol::string_member(frame.params(), "level"));
      if (level != router_.levels_.end() && severity && *severity < level->second.severity) {
        co_return;
      }
    }
    co_await responder_->send(std::move(frame).release());
    co_return;
  }
  if (!frame.is_request()) co_return;
  if (frame.method() == "ping") {
    co_await link_->notify(protocol::make_result(frame.id(), "{}"));
    co_return;
  }
  const auto because = co_await refusal(frame);
  if (!because.empty()) {
    co_await link_->notify(upstream::decline(frame, because));
    co_return;
  }
  const auto question = std::make_shared<Question>(
      Question{router_, session_, responder_, link_, over_, std::move(frame), {}}
  );
  std::erase_if(asked_, [](const auto& each) { return each.expired(); });
  asked_.push_back(question);
  router_.relays_.spawn(ask(question));
}

awaitable<std::expected<std::string, std::string>> Relay::answer_to(
    Frame question, core::TimePoint until
) {
  const auto because = co_await refusal(question);
  auto response =
      because.empty()
          ? co_await response_to(std::make_shared<Question>(Question{
                router_, session_, responder_, link_, over_, std::move(question), {}, until
            }))
          : upstream::decline(question, because);
  const auto answer = Frame::parse(std::move(response));
  if (answer && answer->kind() == Frame::Kind::result) co_return std::string(answer->result());
  co_return std::unexpected(std::string(answer ? answer->error() : "{}"));
}

/// Why the client is not asked; empty: it is.
awaitable<std::string> Relay::refusal(const Frame& request) const {
  auto because = obstacle(request);
  const auto rpm = link_->config().sampling_max_rpm;
  if (because.empty() && request.method() == "sampling/createMessage" &&
      !co_await router_.shared_.control->allow_sampling(link_->name(), rpm)) {
    because = fmt::format("more than {} sampling requests a minute; try again later", rpm);
  }
  co_return because;
}

/// The server does not want to know any more what it asked. The client knows it under our id.
awaitable<void> Relay::withdraw(const Frame& cancelled) {
  for (const auto& each : asked_) {
    const auto question = each.lock();
    if (!question || question->id.empty() || question->request.id() != cancelled.request_id())
      continue;
    co_return co_await responder_->send(
        cancelled.spliced({{cancelled.request_id_span(), question->id}})
    );
  }
}

std::string Relay::obstacle(const Frame& request) const {
  const auto& method = request.method();
  const auto& config = link_->config();
  std::string_view capability;
  if (method == "sampling/createMessage") {
    capability = "sampling";
    if (!config.sampling_enabled) return "sampling is turned off for this server";
  } else if (method == "elicitation/create") {
    capability = "elicitation";
    if (!config.elicitation_enabled) return "elicitation is turned off for this server";
    const auto has = protocol::member(session_->capabilities, capability);
    if (has && protocol::string_member(request.params(), "mode") == "url" &&
        !protocol::member(*has, "url")) {
      return "the client does not support URL elicitation";
    }
  } else if (method == "roots/list") {
    capability = "roots";
  }
  if (!capability.empty()) {
    const auto has = protocol::member(session_->capabilities, capability);
    if (!has || !protocol::is_object(*has))
      return fmt::format("the client does not support {}", capability);
  }
  if (!responder_->can_send()) return "the client cannot be asked anything during this request";
  return {};
}

awaitable<void> Relay::ask(std::shared_ptr<Question> question) {
  auto response = co_await response_to(question);
  if (!response.empty()) co_await question->link->notify(std::move(response));
}

/// The whole response, with the server's id; empty: the call is over, and nobody waits for it.
awaitable<std::string> Relay::response_to(std::shared_ptr<Question> question) {
  auto& router = question->router;
  const auto& request = question->request;
  const auto& method = request.method();
  const auto& config = question->link->config();
  const auto id = question->id = router.client_requests_.next_id();
  std::string params;
  if (method == "sampling/createMessage")
    params = cap_max_tokens(request.params(), config.sampling_max_tokens);
  auto message = params.empty()
                     ? request.spliced({{request.id_span(), id}})
                     : request.spliced({{request.id_span(), id}, {request.params_span(), params}});
  const auto until =
      std::min(router.worker_.timers().now() + config.client_request_timeout, question->until);
  const auto waiting = router.client_requests_.expect(id, question->session->key);
  co_await question->responder->send(std::move(message));
  auto response = co_await router.client_requests_.wait(waiting, until, question->over.get());
  if (response) co_return response->spliced({{response->id_span(), request.id()}});
  if (question->over->aborted()) co_return std::string();
  co_await question->responder->send(protocol::make_notification(
      "notifications/cancelled",
      fmt::format(R"({{"requestId":{},"reason":"{}"}})", id, no_answer_in_time)
  ));
  co_return method == "elicitation/create"
      ? protocol::make_result(request.id(), R"({"action":"cancel"})")
      : protocol::make_error(
            request.id(), protocol::internal_error, "the client did not answer in time"
        );
}

}  // namespace mooring::gateway
