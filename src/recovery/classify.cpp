#include "recovery/classify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "recovery/answer_body.hpp"
#include "recovery/wording.hpp"

namespace mooring::recovery {
namespace {

using Says = Wording::Says;

constexpr bool one_of(int value, std::initializer_list<int> values) {
  return std::ranges::find(values, value) != values.end();
}

/// With these a server answers the request itself; a 404 beside them is only how HTTP tells it.
constexpr bool is_answer_code(int code) {
  return one_of(code, {-32601, -32602, -32002, -32003, -32004});
}

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

std::string_view header(const Failure& failure, std::string_view name) {
  for (const auto& [key, value] : failure.headers) {
    if (lower(key) == name) return value;
  }
  return {};
}

/// The value of a quoted parameter of WWW-Authenticate.
std::string parameter(std::string_view challenge, std::string_view name) {
  const std::string folded = lower(challenge);
  const auto at = folded.find(std::string(name) + "=\"");
  if (at == std::string::npos) return {};
  std::string out;
  for (std::size_t i = at + name.size() + 2; i < challenge.size() && challenge[i] != '"'; ++i) {
    if (challenge[i] == '\\' && i + 1 < challenge.size()) ++i;
    out += challenge[i];
  }
  return out;
}

/// One classification: the evidence, read once, and the rules over it.
class Case {
 public:
  Case(const Failure& failure, const Overrides& overrides)
      : failure_(failure), overrides_(overrides), body_(read_answer(failure.body)) {
    if (!failure.http_status && body_.messages.empty() && !body_.rpc_error && !failure.stage) {
      bare_ = !failure.error.empty();
      if (bare_) body_.messages.push_back(failure.error);
    }
    const auto challenge = header(failure, "www-authenticate");
    if (auto told = parameter(challenge, "error_description"); !told.empty()) {
      body_.messages.push_back(std::move(told));
      challenged_ = true;
    }
    challenged_ = challenged_ || !challenge.empty();
    scope_wanted_ = parameter(challenge, "error") == "insufficient_scope";
    for (const auto& message : body_.messages) weigh(message);
  }

  Conclusion conclude() const {
    if (failure_.aborted)
      return because(Kind::cancelled, Action::none, Replay::no, "the caller gave up");
    if (failure_.result || (body_.rpc_result && successful())) {
      return because(
          Kind::tool_error, Action::none, Replay::no,
          "the server answered with a result; what stands in results is never read"
      );
    }
    if (failure_.phase == Phase::end_session) return ended();
    if (!failure_.http_status && failure_.stage) return broken();
    if (auto told = operators_word()) return *told;
    if (failure_.phase == Phase::get_stream) return stream();
    if (successful() || failure_.in_band || bare_ || !failure_.http_status) return answered();
    return refused(*failure_.http_status);
  }

 private:
  static Conclusion because(
      Kind kind, Action action, std::optional<Replay> replay, std::string_view reason
  ) {
    return {.kind = kind, .action = action, .replay = replay, .reason = std::string(reason)};
  }

  // --- what the words say

  void weigh(const std::string& message) {
    const auto read = read_wording(message);
    const auto rank = [](const Wording& w) {
      if (w.says == Says::nothing) return 0;
      return 1 + (w.whole ? 2 : 0) + (w.says == Says::lost ? 1 : 0);
    };
    if (rank(read) > rank(wording_)) wording_ = read;
    const std::string folded = lower(message);
    foreign_ = foreign_ || holds_any(folded, {"log in", "login", "sign in", "sign-in", "password"});
    folded_ += folded + '\n';
  }

  bool has_session() const {
    return failure_.sent_session_id || failure_.phase == Phase::sse_message;
  }
  bool may_rebuild() const { return has_session() && failure_.method != "initialize"; }
  bool successful() const {
    return failure_.http_status && *failure_.http_status >= 200 && *failure_.http_status < 300;
  }
  /// A sentence that is about nothing but our session.
  bool says_lost() const {
    if (foreign_ || !wording_.whole) return false;
    return wording_.says == Says::lost || wording_.says == Says::missing;
  }
  bool says_not_initialized() const { return !foreign_ && wording_.about(Says::not_initialized); }
  bool mentions_lost() const { return !foreign_ && wording_.says == Says::lost; }

  bool speaks_of_rates() const {
    return holds_any(
        folded_, {"rate limit", "ratelimit", "rate-limit", "too many", "quota exceeded", "throttl",
                  "limit reached", "limit exceeded", "limit_reached", "maximum concurrent"}
    );
  }
  bool speaks_of_cancelling() const {
    return holds_any(
        folded_, {"request cancelled", "request canceled", "aborterror", "request was cancelled",
                  "operation was aborted"}
    );
  }
  bool speaks_of_breaking() const {
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
                  "stream ended",
                  "connection terminated"}
    );
  }
  bool invalid_params_of_the_gate() const {
    return body_.code == -32602 && body_.no_data && folded_ == "invalid request parameters\n";
  }

  // --- conclusions that several rules share

  Conclusion lost(std::optional<Replay> replay = Replay::yes) const {
    if (wording_.about(Says::missing)) {
      return because(
          Kind::not_initialized, Action::reconnect, replay,
          "the server misses a session id, so it took no notice of the request"
      );
    }
    return because(
        Kind::session_lost, Action::reconnect, replay,
        replay == Replay::yes
            ? "the server says that it does not know our session; that check comes before any work"
            : "the session ended, and the request may have been running"
    );
  }

  static Conclusion not_initialized() {
    return because(
        Kind::not_initialized, Action::reconnect, Replay::yes,
        "the server waits for initialize, so it took no notice of the request"
    );
  }

  static Conclusion ambiguous(Kind kind, std::string_view reason) {
    return because(kind, Action::verify, Replay::if_safe, reason);
  }

  static Conclusion answer(Kind kind = Kind::other) {
    return because(
        kind, Action::none, Replay::no, "the server answered the request with an error of its own"
    );
  }

  static Conclusion limited() {
    return because(
        Kind::rate_limited, Action::backoff, std::nullopt, "the server asks for a slower pace"
    );
  }

  Replay how_far() const {
    return wording_.mid_request || wording_.inner_error ? Replay::if_safe : Replay::yes;
  }

  // --- rules

  /// What the operator wrote down for this server comes before everything that was learned.
  std::optional<Conclusion> operators_word() const {
    if (!may_rebuild()) return std::nullopt;
    const bool code = body_.code && overrides_.session_code(*body_.code);
    const bool text = std::ranges::any_of(body_.messages, [&](const std::string& message) {
      return overrides_.names_session(message);
    });
    const bool status = failure_.http_status == 401 && overrides_.treat_401_as_session();
    if (!code && !text && !status) return std::nullopt;
    return because(
        Kind::session_lost, Action::reconnect, Replay::yes,
        status ? "a 401 of this server means a lost session, as configured"
               : "a lost session of this server, as configured"
    );
  }

  /// No status: the connection or the process ended.
  Conclusion broken() const {
    const bool nothing_left =
        failure_.delivery == Delivery::not_sent ||
        (failure_.bytes_sent == 0 && !failure_.response_begun && *failure_.stage != Stage::process);
    if (nothing_left || failure_.unprocessed) {
      return because(
          Kind::transient, Action::retry, Replay::yes,
          failure_.unprocessed ? "the server vouches that it did nothing with the request"
                               : "nothing of the request left us"
      );
    }
    if (failure_.phase == Phase::get_stream) {
      return because(
          Kind::transient, Action::resume, Replay::yes, "the stream of the server broke off"
      );
    }
    if (failure_.timed_out) {
      return because(
          Kind::transient, Action::none, Replay::no,
          "no answer came in time, and the request may still be running"
      );
    }
    return because(
        Kind::transient, Action::reconnect, Replay::if_safe,
        "the connection broke after the request had left us; whether it ran is unknown"
    );
  }

  Conclusion ended() const {
    const bool gone = says_lost() || failure_.http_status == 404 || failure_.http_status == 410;
    return because(
        gone ? Kind::session_lost : Kind::other, Action::none, std::nullopt,
        gone ? "the session was gone before it was ended" : "ending a session needs no answer"
    );
  }

  /// An error that came as an ordinary answer, or as nothing but words.
  Conclusion answered() const {
    if (speaks_of_cancelling()) {
      return because(Kind::cancelled, Action::none, Replay::no, "the request was cancelled");
    }
    if (body_.code == -32042) {
      return because(
          Kind::auth, Action::none, Replay::no, "a person has to visit a page of the server first"
      );
    }
    if (says_not_initialized() && failure_.method != "initialize") return not_initialized();
    if (may_rebuild()) {
      if (auto conclusion = session_in_band()) return *conclusion;
      if (invalid_params_of_the_gate()) {
        return ambiguous(
            Kind::other,
            "either the arguments are wrong or the session was never initialized: ask to find out"
        );
      }
    }
    if (speaks_of_rates()) return limited();
    if (body_.code || !body_.messages.empty()) return plain_error();
    if (!successful() || failure_.http_status == 202) return answer();
    return unanswered();
  }

  std::optional<Conclusion> session_in_band() const {
    if (!says_lost() || wording_.of_link) return std::nullopt;
    const int code = body_.code.value_or(0);
    if (body_.code == 32600) return lost(Replay::if_safe);
    if (wording_.mid_request) return lost(Replay::if_safe);
    if (wording_.says == Says::missing && wording_.like_argument) return std::nullopt;
    if (one_of(code, {-32000, -32001, -32603})) {
      return ambiguous(
          Kind::tool_error, "the tool or the session: the same session is asked to find out"
      );
    }
    if (!one_of(code, {-32600, -32602, -32002, -32005, -32601, 0})) {
      return ambiguous(Kind::session_lost, "an unusual code: the same session is asked first");
    }
    if (failure_.method == "tools/call" && (wording_.names_id || wording_.like_argument) &&
        !bare_) {
      return because(
          Kind::session_lost, Action::verify, Replay::yes,
          "the server does not know a session it names: it is asked whether that is ours"
      );
    }
    return lost();
  }

  Conclusion plain_error() const {
    if (holds_any(folded_, {"not connected"}) && body_.code == -32603) {
      return because(
          Kind::transient, Action::backoff, std::nullopt,
          "the server has lost a server of its own and did not pass the request on"
      );
    }
    if (speaks_of_breaking()) {
      if (bare_) {
        return because(Kind::transient, Action::reconnect, Replay::if_safe, "the connection broke");
      }
      return because(
          Kind::transient, Action::none, Replay::no,
          "something behind the server broke or took too long; the request may have run"
      );
    }
    if (bare_ || !body_.code || one_of(*body_.code, {-32001, -32601, -32700, -32600})) {
      return answer();
    }
    return answer(Kind::tool_error);
  }

  /// The stream of a request ended without its response.
  Conclusion unanswered() const {
    if (!failure_.response_begun && !failure_.stage) return answer();
    return because(
        Kind::session_lost, Action::resume, Replay::if_safe,
        "the answer broke off; the request was taken up, and its outcome is unknown"
    );
  }

  /// The server's own stream. Nothing depends on it but what the server says unasked.
  Conclusion stream() const {
    const int status = failure_.http_status.value_or(0);
    if (status == 401 || status == 403) return denied(status);
    if (says_not_initialized() && has_session()) {
      return because(
          Kind::not_initialized, Action::backoff, std::nullopt,
          "the stream was opened before the session was ready"
      );
    }
    if (one_of(status, {400, 404, 410, 422, 500, 503})) {
      if (says_lost() && (has_session() || wording_.says == Says::missing)) {
        if (wording_.of_link && holds_any(folded_, {"stream"})) return stream_unknown();
        // A resumed stream belongs to a call that was already running.
        return lost(body_.code == -32600 ? Replay::if_safe : Replay::yes);
      }
    }
    if (status == 409 ||
        (status == 400 && holds_any(folded_, {"multiple", "only one", "already"}))) {
      return because(
          Kind::other, Action::backoff, std::nullopt,
          "the server still holds the former stream of this session"
      );
    }
    if (status == 400 && holds_any(folded_, {"last-event-id"})) {
      return because(
          Kind::other, Action::none, std::nullopt, "the server cannot resume from that event"
      );
    }
    if (one_of(status, {400, 404, 410, 422}) && has_session()) {
      return ambiguous(Kind::other, "no stream here, or no session: a request will tell");
    }
    return stream_status(status);
  }

  static Conclusion stream_unknown() {
    return because(
        Kind::session_lost, Action::verify, Replay::if_safe,
        "the server does not know the stream that was to be resumed"
    );
  }

  Conclusion stream_status(int status) const {
    if (status == 429) return limited();
    if (status == 502 || status == 504 || status == 408) {
      return because(
          Kind::transient, Action::retry, Replay::yes,
          "something between us cut the stream; it is opened again on the same session"
      );
    }
    if (status >= 500) {
      return because(
          Kind::transient, Action::backoff, std::nullopt, "the server is not available right now"
      );
    }
    if (successful()) return because(Kind::other, Action::none, Replay::no, "the stream is open");
    return because(
        Kind::other, Action::none, std::nullopt, "the server offers no stream of its own"
    );
  }

  Conclusion refused(int status) const {
    if (status == 401 || status == 403) return denied(status);
    if (status == 429) return limited();
    if (status == 425) {
      return because(
          Kind::transient, Action::retry, Replay::yes, "the server refused early data; nothing ran"
      );
    }
    if (status == 404 || status == 410) return missing(status);
    if (status == 400 || status == 422) return faulted();
    if (status >= 500) return unavailable(status);
    if (status == 408) {
      return because(
          Kind::transient, Action::retry, Replay::if_safe, "the server gave up waiting for us"
      );
    }
    return answer();
  }

  Conclusion denied(int status) const {
    if (status == 403) return forbidden();
    if (!has_session() && wording_.about(Says::missing)) return lost();
    if (may_rebuild() && says_not_initialized()) return not_initialized();
    if (may_rebuild() && says_lost()) {
      if (!body_.json || body_.rpc_error || challenged_) return lost(how_far());
      return ambiguous(
          Kind::auth, "a login or the session: one new session with the same credentials will tell"
      );
    }
    return because(
        Kind::auth, Action::reauthorize, Replay::yes, "the server does not accept our credentials"
    );
  }

  Conclusion forbidden() const {
    if (scope_wanted_) {
      return because(
          Kind::auth, Action::reauthorize, Replay::yes, "the server asks for a wider permission"
      );
    }
    if (speaks_of_rates() || header(failure_, "x-ratelimit-remaining") == "0") return limited();
    return because(
        Kind::auth, Action::none, Replay::no,
        "the server knows us and does not allow this; a new session would not change it"
    );
  }

  /// 404 and 410: the specification's sign of a lost session, and HTTP's of many other things.
  Conclusion missing(int status) const {
    if (!may_rebuild()) {
      if (!has_session() && demands_session()) return lost();
      return answer();
    }
    if (wording_.about(Says::alive)) return answer();
    if (says_lost()) return lost(how_far_of_a_404());
    if (says_not_initialized()) return not_initialized();
    if (body_.code && is_answer_code(*body_.code)) return answer();
    if (body_.code && speaks_of_breaking()) return plain_error();
    if (mentions_lost()) return lost();
    if (failure_.phase == Phase::sse_message && body_.empty()) return lost();
    return ambiguous(
        body_.empty() ? Kind::other : Kind::session_lost,
        status == 404 ? "404 without words about a session: the same session is asked to find out"
                      : "410 without words about a session: the same session is asked to find out"
    );
  }

  /// An answer of ours to the server died with the session: there is nobody to send it to again.
  Replay how_far_of_a_404() const {
    return failure_.method == "<response>" || wording_.mid_request ? Replay::if_safe : Replay::yes;
  }

  bool demands_session() const {
    if (failure_.method == "initialize") return false;
    return says_not_initialized() || wording_.about(Says::missing);
  }

  /// 400 and 422.
  Conclusion faulted() const {
    if (failure_.method == "initialize") return answer();
    if (!has_session()) {
      if (says_not_initialized()) return not_initialized();
      return demands_session() || (says_lost() && wording_.none_came) ? lost_without_id()
                                                                      : answer();
    }
    if (body_.code == -32700 || wording_.about(Says::alive)) return answer();
    if (says_not_initialized()) return not_initialized();
    if (says_lost()) return lost(wording_.mid_request ? Replay::if_safe : Replay::yes);
    if (failure_.phase == Phase::sse_message && mentions_lost()) return lost();
    return ambiguous(
        Kind::other, "the request or the session is at fault: the same session is asked to find out"
    );
  }

  static Conclusion lost_without_id() {
    return because(
        Kind::not_initialized, Action::reconnect, Replay::yes,
        "the server asks for a session id and we have none: a new session brings one"
    );
  }

  Conclusion unavailable(int status) const {
    if (may_rebuild() && says_lost() && (!wording_.of_link || of_our_link()))
      return lost(how_far());
    if (may_rebuild() && says_not_initialized()) return not_initialized();
    if (speaks_of_rates()) return limited();
    if (holds_any(folded_, {"server is shutting down", "shutting down"})) {
      return because(
          Kind::transient, Action::reconnect, Replay::yes,
          "the server is shutting down and took no more requests"
      );
    }
    if (status == 504 || (body_.rpc_error && holds_any(folded_, {"timeout", "timed out"}))) {
      return because(
          Kind::transient, Action::none, Replay::no,
          "no answer came in time, and the request may still be running"
      );
    }
    if (body_.rpc_error) return plain_error();
    if (holds_any(folded_, {"connection failure"}) && holds_any(folded_, {"before headers"})) {
      return because(
          Kind::transient, Action::retry, Replay::yes,
          "a proxy did not reach the server, so the request was not delivered"
      );
    }
    if (status == 500 && may_rebuild() && wording_.says == Says::lost) {
      return ambiguous(Kind::other, "the server failed over a session: the same one is asked");
    }
    if (status == 500 || status == 501 || status == 505) return answer();
    return because(
        Kind::transient, Action::backoff, std::nullopt,
        "the server or something in front of it is not available right now"
    );
  }

  /// A 5xx about a transport is about ours where the stream of HTTP+SSE is what went missing, and
  /// about a call that was running where no response came.
  bool of_our_link() const { return failure_.phase == Phase::sse_message || wording_.mid_request; }

  const Failure& failure_;
  const Overrides& overrides_;
  AnswerBody body_;
  Wording wording_;
  std::string folded_;         ///< every message in lower case, one a line
  bool bare_ = false;          ///< nothing is known but a sentence
  bool challenged_ = false;    ///< WWW-Authenticate came with it
  bool scope_wanted_ = false;  ///< insufficient_scope
  bool foreign_ = false;       ///< speaks of a login
};

}  // namespace

Conclusion classify(const Failure& failure, const Overrides& overrides) {
  return Case(failure, overrides).conclude();
}

std::string_view to_string(Kind kind) {
  constexpr std::array<std::string_view, 8> words = {"session_lost", "not_initialized",
                                                     "auth",         "transient",
                                                     "rate_limited", "tool_error",
                                                     "cancelled",    "other"};
  return words.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(Action action) {
  constexpr std::array<std::string_view, 7> words = {"reconnect", "verify", "reauthorize", "retry",
                                                     "backoff",   "resume", "none"};
  return words.at(static_cast<std::size_t>(action));
}

std::string_view to_string(Replay replay) {
  constexpr std::array<std::string_view, 3> words = {"yes", "if_safe", "no"};
  return words.at(static_cast<std::size_t>(replay));
}

}  // namespace mooring::recovery
