#include "upstream/questions.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "protocol/messages.hpp"
#include "upstream/call_errors.hpp"

namespace mooring::upstream {

using protocol::Frame;

namespace {

constexpr std::size_t most_questions = 16;

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

/// The caller's own error is the answer to its call.
CallResult refused_by_caller(std::string_view error) {
  CallResult end;
  end.modern = true;
  auto frame = Frame::parse(fmt::format(R"({{"jsonrpc":"2.0","id":0,"error":{}}})", error));
  if (!frame) {
    frame = Frame::parse(
        protocol::make_error("0", protocol::internal_error, "the client did not answer")
    );
  }
  end.response = std::move(*frame);
  return end;
}

}  // namespace

awaitable<std::expected<std::string, CallResult>> Questions::answer(
    std::string result, std::map<std::string, std::string>& known
) {
  const auto ended = [&](std::string_view why) {
    CallResult end;
    end.error = undone(server_, why);
    return std::unexpected(std::move(end));
  };
  std::vector<std::pair<std::string, std::string>> questions;
  const auto requests = protocol::member(result, "inputRequests").value_or("{}");
  protocol::for_each_member(requests, [&](std::string_view key, std::string_view question) {
    questions.emplace_back(protocol::unescape(key), question);
    return true;
  });
  if (questions.size() > most_questions)
    co_return ended("it asks more than sixteen things at once");
  std::string answers;
  for (const auto& [key, question] : questions) {
    if (!known.contains(key)) {
      auto asked = as_request(question, random_);
      if (!asked) co_return ended("it asks for input of an unknown kind");
      if (timers_.now() >= until_) co_return ended("it still asks, and the time of the call is up");
      auto answer = co_await ask_(std::move(*asked), until_);
      if (!answer) co_return std::unexpected(refused_by_caller(answer.error()));
      known.emplace(key, std::move(*answer));
    }
    answers = protocol::with_member(answers.empty() ? "{}" : answers, key, known.at(key));
  }
  co_return answers;
}

}  // namespace mooring::upstream
