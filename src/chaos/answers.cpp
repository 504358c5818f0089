#include "chaos/answers.hpp"

#include <fmt/format.h>

#include "protocol/frame.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::chaos {
namespace {

constexpr std::string_view json = "application/json";
constexpr std::string_view sign_in_page =
    "<!doctype html>\n<html><head><title>Sign in</title></head>\n"
    "<body><h1>Sign in to continue</h1></body></html>\n";
constexpr std::string_view no_json = "{\"jsonrpc\":\"2.0\",\"id\":\x01\xff{{<<this is no JSON";
constexpr std::string_view nobodys_id = R"("id-of-no-request")";

/// Retry-After knows whole seconds only.
std::string seconds(core::Duration time) {
  const auto whole = std::chrono::ceil<std::chrono::seconds>(time);
  return std::to_string(whole.count());
}

OwnAnswer error_answer(int status, std::string_view text) {
  return {
      status,
      {{"Content-Type", std::string(json)}},
      fmt::format(R"({{"error":{}}})", protocol::quote(text))
  };
}

OwnAnswer unauthorized(bool challenge) {
  auto answer = error_answer(401, "invalid_token");
  if (challenge) {
    answer.headers.push_back(
        {"WWW-Authenticate",
         R"(Bearer error="invalid_token", error_description="The access token expired")"}
    );
  }
  return answer;
}

}  // namespace

OwnAnswer own_answer(const Fault& fault, std::string_view dead_session) {
  OwnAnswer answer;
  switch (fault.kind) {
    case FaultKind::unauthorized:
      return unauthorized(fault.challenge);
    case FaultKind::html:
      return {fault.status, {{"Content-Type", "text/html"}}, std::string(sign_in_page)};
    case FaultKind::garbage:
      return {200, {{"Content-Type", std::string(json)}}, std::string(no_json)};
    case FaultKind::rate_limited:
      answer = error_answer(429, "too many requests");
      break;
    case FaultKind::error_session:
      answer = {
          fault.status,
          {{"Content-Type", std::string(json)}, {"Mcp-Session-Id", std::string(dead_session)}},
          R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request"}})"
      };
      break;
    default:
      answer = error_answer(fault.status, "the server cannot answer now");
  }
  if (fault.retry_after) answer.headers.push_back({"Retry-After", seconds(*fault.retry_after)});
  return answer;
}

OwnAnswer unknown_method(std::string_view id) {
  return {
      404,
      {{"Content-Type", "application/json"}},
      protocol::make_error(id, protocol::method_not_found, "Method not found")
  };
}

std::optional<std::string> with_wrong_id(std::string_view message, std::string_view id) {
  const auto frame = protocol::Frame::parse(std::string(message));
  if (!frame || !frame->is_response() || frame->id() != id) return std::nullopt;
  return frame->spliced({{frame->id_span(), nobodys_id}});
}

}  // namespace mooring::chaos
