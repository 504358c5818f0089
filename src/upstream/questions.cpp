#include "upstream/questions.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "protocol/messages.hpp"

namespace mooring::upstream {

using protocol::Frame;

namespace {

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

}  // namespace

awaitable<std::expected<std::string, std::string>> answers_to(
    std::string_view result, const AskCaller& ask, core::Random& random,
    std::set<std::string>* answered
) {
  std::vector<std::pair<std::string, std::string>> questions;
  const auto requests = protocol::member(result, "inputRequests").value_or("{}");
  protocol::for_each_member(requests, [&](std::string_view raw, std::string_view question) {
    auto key = protocol::unescape(raw);
    if (answered == nullptr || answered->insert(key).second)
      questions.emplace_back(std::move(key), question);
    return true;
  });
  std::string answers;
  for (const auto& [key, question] : questions) {
    auto asked = as_request(question, random);
    if (!asked) {
      co_return std::unexpected(protocol::make_error(
          "0", protocol::internal_error, "the server asks for input of an unknown kind"
      ));
    }
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

}  // namespace mooring::upstream
