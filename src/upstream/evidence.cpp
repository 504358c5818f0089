#include "upstream/evidence.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "recovery/answer_body.hpp"

namespace mooring::upstream {

using protocol::Frame;
using recovery::Failure;

namespace {

bool same_name(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

/// The raw `error` object of the body; empty: the body has none.
std::string_view error_in(std::string_view body) {
  if (protocol::validate(body)) return {};
  const auto error = protocol::member(body, "error");
  return error && protocol::is_object(*error) ? *error : std::string_view{};
}

std::optional<int> code_of(std::string_view error) {
  const auto raw = protocol::member(error, "code");
  int code = 0;
  if (!raw || std::from_chars(raw->data(), raw->data() + raw->size(), code).ec != std::errc{})
    return std::nullopt;
  return code;
}

}  // namespace

std::optional<core::Duration> retry_after(const Failure& failure) {
  for (const auto& [name, value] : failure.headers) {
    int seconds = 0;
    if (!same_name(name, "retry-after")) continue;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && seconds >= 0) return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

Failure in_band(
    const Frame& error, std::string_view method, const transport::SessionHeaders& session
) {
  Failure failure;
  failure.delivery = recovery::Delivery::answered;
  failure.method = method;
  failure.sent_session_id = !session.session_id.empty();
  failure.in_band = true;
  failure.http_status = 200;
  failure.body = error.bytes();
  return failure;
}

std::optional<Frame> answer_inside(const Failure& failure, std::string_view id) {
  if (!failure.http_status || failure.stage) return std::nullopt;
  const auto body = recovery::read_answer(failure.body);
  if (!body.rpc_error) return std::nullopt;
  const auto message = body.messages.empty() ? std::string() : body.messages.front();
  const auto error = error_in(failure.body);
  const auto data = error.empty() ? std::nullopt : protocol::member(error, "data");
  auto frame = Frame::parse(
      data
          ? protocol::make_error_with(
                id, *body.code, protocol::string_member(error, "message"), protocol::one_line(*data)
            )
          : protocol::make_error(id, *body.code, message)
  );
  if (!frame) return std::nullopt;
  return std::move(*frame);
}

bool is_unknown_method(const Frame& answer) {
  return answer.kind() == Frame::Kind::error &&
         code_of(answer.error()) == protocol::method_not_found;
}

bool is_hopeless(const Failure& failure) {
  if (!failure.http_status) return failure.stage == recovery::Stage::tls;
  const int status = *failure.http_status;
  return !failure.in_band && status < 500 && status != 408 && status != 425 && status != 429;
}

}  // namespace mooring::upstream
