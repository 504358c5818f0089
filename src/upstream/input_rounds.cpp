#include "upstream/input_rounds.hpp"

#include <fmt/format.h>

#include <vector>

#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "upstream/call_errors.hpp"

namespace mooring::upstream {

using protocol::Frame;

namespace {

constexpr int most_rounds = 8;
constexpr core::Duration pace = std::chrono::milliseconds(250);  ///< of rounds without a question

/// "complete" for whatever has no type, too.
std::string type_of(const CallResult& result) {
  const bool typed = result.modern && result.response && !result.response->result().empty();
  return typed ? protocol::result_type(result.response->result()) : "complete";
}

bool wants_input(const CallResult& result) { return type_of(result) == "input_required"; }

CallResult ended(std::string response) {
  CallResult result;
  result.response = Frame::parse(std::move(response)).value();
  return result;
}

std::string failure(std::string_view message) {
  return protocol::make_error("0", protocol::internal_error, message);
}

/// One of the `inputRequests` as the request of the legacy era that it stands for; nothing where
/// there is none.
std::optional<Frame> as_request(std::string_view question, core::Random& random) {
  const auto method = protocol::string_member(question, "method");
  if (method != "elicitation/create" && method != "sampling/createMessage" &&
      method != "roots/list") {
    return std::nullopt;
  }
  std::string params(protocol::member(question, "params").value_or("{}"));
  // In that era a visit has a name; in the modern one it has none.
  const bool visit = protocol::string_member(params, "mode") == "url";
  if (visit && !protocol::member(params, "elicitationId"))
    params = protocol::with_member(params, "elicitationId", protocol::quote(random.token(16)));
  auto frame = Frame::parse(protocol::make_request("0", method, params));
  if (!frame) return std::nullopt;
  return std::move(*frame);
}

/// The raw `inputResponses`; the whole response that ends the call where they cannot be had.
awaitable<std::expected<std::string, std::string>> answers_to(
    std::string_view wanted, const AskCaller& ask, core::Random& random
) {
  std::vector<std::pair<std::string, std::string>> questions;
  const auto requests = protocol::member(wanted, "inputRequests").value_or("{}");
  protocol::for_each_member(requests, [&](std::string_view key, std::string_view question) {
    questions.emplace_back(protocol::unescape(key), question);
    return true;
  });
  std::string answers;
  for (const auto& [key, question] : questions) {
    auto asked = as_request(question, random);
    if (!asked) co_return std::unexpected(failure("the server asks for input of an unknown kind"));
    const auto answer = co_await ask(std::move(*asked));
    if (!answer) {
      co_return std::unexpected(
          fmt::format(R"({{"jsonrpc":"2.0","id":0,"error":{}}})", answer.error())
      );
    }
    answers = protocol::with_member(answers.empty() ? "{}" : answers, key, *answer);
  }
  co_return answers;
}

}  // namespace

awaitable<CallResult> call_with_input(
    io::Worker& worker, Link& link, CallRequest request, AskCaller ask, core::Random& random
) {
  const auto& first = *request.frame;
  auto result = co_await link.call(request);
  for (int round = 0; wants_input(result); ++round) {
    if (round == most_rounds) co_return ended(failure("the server does not stop asking for input"));
    const std::string wanted(result.response->result());
    const auto answers = co_await answers_to(wanted, ask, random);
    if (request.abort != nullptr && request.abort->aborted()) {
      CallResult over;
      over.error = cancelled(link.name(), first.method(), recovery::Delivery::unknown);
      co_return over;
    }
    if (!answers) co_return ended(answers.error());
    std::string params(first.params());
    if (answers->empty()) {
      co_await io::sleep_until(worker.timers(), worker.timers().now() + pace, request.abort);
    } else {
      params = protocol::with_member(params, "inputResponses", *answers);
    }
    if (const auto state = protocol::member(wanted, "requestState"))
      params = protocol::with_member(params, "requestState", *state);
    const auto again =
        Frame::parse(protocol::make_request(first.id(), first.method(), params)).value();
    auto next = request;
    next.frame = &again;
    result = co_await link.call(std::move(next));
  }
  // Extensions have more types, for whoever asks for them; nobody here does.
  if (const auto type = type_of(result); type != "complete")
    co_return ended(
        failure(fmt::format("the server answered with a result of the unknown type '{}'", type))
    );
  co_return result;
}

}  // namespace mooring::upstream
