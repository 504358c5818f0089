#include "recovery/reading.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace mooring::recovery {
namespace {

using Says = Wording::Says;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool holds_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) {
    return text.find(part) != std::string_view::npos;
  });
}

/// The value of a quoted parameter of WWW-Authenticate.
std::string parameter(std::string_view challenge, std::string_view name) {
  const auto at = lower(challenge).find(std::string(name) + "=\"");
  if (at == std::string::npos) return {};
  std::string out;
  for (std::size_t i = at + name.size() + 2; i < challenge.size() && challenge[i] != '"'; ++i) {
    if (challenge[i] == '\\' && i + 1 < challenge.size()) ++i;
    out += challenge[i];
  }
  return out;
}

/// Which of two messages tells more.
int rank(const Wording& wording) {
  if (wording.says == Says::nothing) return 0;
  return 1 + (wording.whole ? 2 : 0) + (wording.says == Says::lost ? 1 : 0);
}

}  // namespace

std::string_view header(const Failure& failure, std::string_view lower_case_name) {
  for (const auto& [key, value] : failure.headers) {
    if (lower(key) == lower_case_name) return value;
  }
  return {};
}

Reading::Reading(const Failure& failure) : failure_(failure), body_(read_answer(failure.body)) {
  const bool wordless = body_.messages.empty() && !body_.rpc_error && !body_.rpc_result;
  if (!failure.http_status && !failure.stage && wordless && !failure.error.empty()) {
    bare_ = true;
    body_.messages.push_back(failure.error);
  }
  const auto challenge = header(failure, "www-authenticate");
  challenged_ = !challenge.empty();
  scope_wanted_ = parameter(challenge, "error") == "insufficient_scope";
  if (auto told = parameter(challenge, "error_description"); !told.empty()) {
    body_.messages.push_back(std::move(told));
  }
  for (const auto& message : body_.messages) weigh(message);
}

void Reading::weigh(const std::string& message) {
  const auto read = read_wording(message);
  if (rank(read) > rank(wording_)) wording_ = read;
  const std::string folded = lower(message);
  foreign_ = foreign_ || holds_any(folded, {"log in", "login", "sign in", "sign-in", "password"});
  folded_ += folded + '\n';
}

bool Reading::has_session() const {
  return failure_.sent_session_id || failure_.phase == Phase::sse_message;
}

bool Reading::may_rebuild() const { return has_session() && failure_.method != "initialize"; }

bool Reading::successful() const {
  return failure_.http_status && *failure_.http_status >= 200 && *failure_.http_status < 300;
}

bool Reading::says_lost() const {
  if (foreign_ || !wording_.whole) return false;
  return wording_.says == Says::lost || wording_.says == Says::missing;
}

bool Reading::says_not_initialized() const {
  return !foreign_ && wording_.about(Says::not_initialized) && failure_.method != "initialize";
}

bool Reading::mentions_lost() const { return !foreign_ && wording_.says == Says::lost; }

bool Reading::speaks_of_rates() const {
  return holds_any(
      folded_, {"rate limit", "ratelimit", "rate-limit", "too many", "quota exceeded", "throttl",
                "limit reached", "limit exceeded", "limit_reached", "maximum concurrent"}
  );
}

bool Reading::speaks_of_cancelling() const {
  return holds_any(
      folded_, {"request cancelled", "request canceled", "aborterror", "request was cancelled",
                "operation was aborted"}
  );
}

bool Reading::speaks_of_breaking() const {
  if (folded_ == "eof\n" || folded_.ends_with(": eof\n")) return true;
  return holds_any(
      folded_, {"timed out",
                "timeout",
                "connection closed",
                "transport closed",
                "broken pipe",
                "connection reset",
                "connection refused",
                "end of file",
                "stream closed",
                "unexpected eof",
                "socket hang up",
                "econnreset",
                "econnrefused",
                "epipe",
                "disconnected without",
                "connection aborted",
                "connection lost",
                "closedresourceerror",
                "closed stream",
                "stream reset",
                "fetch failed",
                "server disconnected",
                "peer closed",
                "remote end closed",
                "incomplete chunked read",
                "connection was closed",
                "network is unreachable",
                "no route to host",
                "stream ended",
                "connection terminated"}
  );
}

bool Reading::speaks_of_credentials() const {
  return folded_.starts_with("401 ") || folded_.starts_with("http 401") ||
         folded_ == "unauthorized\n" || folded_ == "401\n";
}

bool Reading::is_gate_of_python() const {
  return body_.code == -32602 && body_.no_data && folded_ == "invalid request parameters\n";
}

}  // namespace mooring::recovery
