#include "recovery/classify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "recovery/reading.hpp"

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

/// One classification: the evidence, read once, and the rules over it.
class Case {
 public:
  Case(const Failure& failure, const Overrides& overrides)
      : failure_(failure), overrides_(overrides), read_(failure) {}

  Conclusion conclude() const {
    if (failure_.aborted)
      return because(Kind::cancelled, Action::none, Replay::no, "the caller gave up");
    if (failure_.result || (read_.body().rpc_result && read_.successful())) {
      return because(
          Kind::tool_error, Action::none, Replay::no,
          "the server answered with a result; what stands in results is never read"
      );
    }
    if (failure_.phase == Phase::end_session) return ended();
    if (!failure_.http_status && failure_.stage) return broken();
    if (auto told = operators_word()) return *told;
    if (failure_.phase == Phase::get_stream) return stream();
    if (read_.successful() && failure_.stage && !read_.body().rpc_error) return unanswered();
    if (read_.successful() || failure_.in_band || read_.bare() || !failure_.http_status)
      return answered();
    return refused(*failure_.http_status);
  }

 private:
  static Conclusion because(
      Kind kind, Action action, std::optional<Replay> replay, std::string_view reason
  ) {
    return {.kind = kind, .action = action, .replay = replay, .reason = std::string(reason)};
  }

  // --- conclusions that several rules share

  Conclusion lost(std::optional<Replay> replay = Replay::yes) const {
    if (read_.wording().about(Says::missing)) {
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
    return read_.wording().mid_request || read_.wording().inner_error ? Replay::if_safe
                                                                      : Replay::yes;
  }

  // --- rules

  /// What the operator wrote down for this server comes before everything that was learned.
  std::optional<Conclusion> operators_word() const {
    if (!read_.may_rebuild()) return std::nullopt;
    const auto told = read_.body().code;
    const bool code = told && overrides_.session_code(*told);
    const bool text = std::ranges::any_of(read_.body().messages, [&](const std::string& message) {
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
    const bool gone =
        read_.says_lost() || failure_.http_status == 404 || failure_.http_status == 410;
    return because(
        gone ? Kind::session_lost : Kind::other, Action::none, std::nullopt,
        gone ? "the session was gone before it was ended" : "ending a session needs no answer"
    );
  }

  /// An error that came as an ordinary answer, or as nothing but words.
  Conclusion answered() const {
    if (read_.speaks_of_cancelling()) {
      return because(Kind::cancelled, Action::none, Replay::no, "the request was cancelled");
    }
    if (read_.body().code == -32042) {
      return because(
          Kind::auth, Action::none, Replay::no, "a person has to visit a page of the server first"
      );
    }
    if (read_.says_not_initialized()) return not_initialized();
    if (read_.may_rebuild()) {
      if (auto conclusion = session_in_band()) return *conclusion;
      if (read_.is_gate_of_python()) {
        return ambiguous(
            Kind::other,
            "either the arguments are wrong or the session was never initialized: ask to find out"
        );
      }
    }
    if (read_.speaks_of_rates()) return limited();
    if (read_.body().code || !read_.body().messages.empty()) return plain_error();
    if (!read_.successful() || failure_.http_status == 202) return answer();
    return unanswered();
  }

  /// "sessionId is required" as an ordinary answer to a call misses an argument of the tool.
  bool misses_argument() const {
    if (read_.wording().says != Says::missing || read_.wording().of_header) return false;
    return read_.wording().like_argument ||
           (failure_.method == "tools/call" && read_.body().code == -32602);
  }

  std::optional<Conclusion> session_in_band() const {
    if (!read_.says_lost() || read_.wording().of_link) return std::nullopt;
    const int code = read_.body().code.value_or(0);
    if (read_.body().code == 32600) return lost(Replay::if_safe);
    if (read_.wording().mid_request) return lost(Replay::if_safe);
    if (misses_argument()) return std::nullopt;
    if (one_of(code, {-32000, -32001, -32603})) {
      return ambiguous(
          Kind::tool_error, "the tool or the session: the same session is asked to find out"
      );
    }
    if (!one_of(code, {-32600, -32602, -32002, -32005, -32601, 0})) {
      return ambiguous(Kind::session_lost, "an unusual code: the same session is asked first");
    }
    if (failure_.method == "tools/call" &&
        (read_.wording().names_id || read_.wording().like_argument) && !read_.bare()) {
      return because(
          Kind::session_lost, Action::verify, Replay::yes,
          "the server does not know a session it names: it is asked whether that is ours"
      );
    }
    return lost();
  }

  Conclusion plain_error() const {
    if (read_.holds("not connected") && read_.body().code == -32603) {
      return because(
          Kind::transient, Action::backoff, std::nullopt,
          "the server has lost a server of its own and did not pass the request on"
      );
    }
    if (read_.bare() && read_.speaks_of_credentials()) return denied(401);
    if (read_.speaks_of_breaking()) {
      if (read_.bare() && !read_.holds("timed out") && !read_.holds("timeout")) {
        return because(Kind::transient, Action::reconnect, Replay::if_safe, "the connection broke");
      }
      return because(
          Kind::transient, Action::none, Replay::no,
          "something behind the server broke or took too long; the request may have run"
      );
    }
    const auto code = read_.body().code;
    const bool about_request = code && !one_of(*code, {-32001, -32601, -32700, -32600});
    return answer(about_request && !read_.bare() ? Kind::tool_error : Kind::other);
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
    if (read_.says_not_initialized() && read_.has_session()) {
      return because(
          Kind::not_initialized, Action::backoff, std::nullopt,
          "the stream was opened before the session was ready"
      );
    }
    if (one_of(status, {400, 404, 410, 422, 500, 503})) {
      if (read_.says_lost() && (read_.has_session() || read_.wording().says == Says::missing)) {
        if (read_.wording().of_link && read_.holds("stream")) return stream_unknown();
        // A resumed stream belongs to a call that was already running.
        return lost(read_.body().code == -32600 ? Replay::if_safe : Replay::yes);
      }
    }
    if (status == 409 || (status == 400 && (read_.holds("multiple") || read_.holds("only one") ||
                                            read_.holds("already")))) {
      return because(
          Kind::other, Action::backoff, std::nullopt,
          "the server still holds the former stream of this session"
      );
    }
    if (status == 400 && read_.holds("last-event-id")) {
      return because(
          Kind::other, Action::none, std::nullopt, "the server cannot resume from that event"
      );
    }
    if (one_of(status, {400, 404, 410, 422}) && read_.has_session()) {
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
    if (read_.successful())
      return because(Kind::other, Action::none, Replay::no, "the stream is open");
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
    if (read_.may_rebuild() && read_.says_lost() && !read_.wording().of_link) return lost();
    return answer();
  }

  Conclusion denied(int status) const {
    if (status == 403) return forbidden();
    if (!read_.has_session() && read_.wording().about(Says::missing)) return lost();
    if (read_.may_rebuild() && read_.says_not_initialized()) return not_initialized();
    if (read_.may_rebuild() && read_.says_lost()) {
      if (!read_.body().json || read_.body().rpc_error || read_.challenged())
        return lost(how_far());
      return ambiguous(
          Kind::auth, "a login or the session: one new session with the same credentials will tell"
      );
    }
    return because(
        Kind::auth, Action::reauthorize, Replay::yes, "the server does not accept our credentials"
    );
  }

  Conclusion forbidden() const {
    if (read_.scope_wanted()) {
      return because(
          Kind::auth, Action::reauthorize, Replay::yes, "the server asks for a wider permission"
      );
    }
    if (read_.speaks_of_rates() || header(failure_, "x-ratelimit-remaining") == "0")
      return limited();
    return because(
        Kind::auth, Action::none, Replay::no,
        "the server knows us and does not allow this; a new session would not change it"
    );
  }

  /// 404 and 410: the specification's sign of a lost session, and HTTP's of many other things.
  Conclusion missing(int status) const {
    if (!read_.may_rebuild()) {
      if (!read_.has_session() && demands_session()) return lost_without_id();
      return answer();
    }
    if (read_.wording().about(Says::alive)) return answer();
    if (read_.says_lost()) return lost(how_far_of_a_404());
    if (read_.says_not_initialized()) return not_initialized();
    if (is_answer_code(read_.body().code.value_or(0))) return answer();
    if (read_.body().code && read_.speaks_of_breaking()) return plain_error();
    if (read_.mentions_lost()) return lost();
    if (failure_.phase == Phase::sse_message && read_.body().empty()) return lost();
    return ambiguous(
        read_.body().empty() ? Kind::other : Kind::session_lost,
        status == 404 ? "404 without words about a session: the same session is asked to find out"
                      : "410 without words about a session: the same session is asked to find out"
    );
  }

  /// An answer of ours to the server died with the session: there is nobody to send it to again.
  Replay how_far_of_a_404() const {
    return failure_.method == "<response>" || read_.wording().mid_request ? Replay::if_safe
                                                                          : Replay::yes;
  }

  bool demands_session() const {
    if (failure_.method == "initialize") return false;
    return read_.says_not_initialized() || read_.wording().about(Says::missing);
  }

  /// 400 and 422.
  Conclusion faulted() const {
    if (failure_.method == "initialize") return answer();
    if (!read_.has_session()) {
      if (read_.says_not_initialized()) return not_initialized();
      return demands_session() || (read_.says_lost() && read_.wording().none_came)
                 ? lost_without_id()
                 : answer();
    }
    if (read_.body().code == -32700 || read_.wording().about(Says::alive)) return answer();
    if (read_.says_not_initialized()) return not_initialized();
    if (read_.says_lost()) return lost(read_.wording().mid_request ? Replay::if_safe : Replay::yes);
    if (failure_.phase == Phase::sse_message && read_.mentions_lost()) return lost();
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
    if (read_.may_rebuild() && read_.says_lost() && (!read_.wording().of_link || of_our_link()))
      return lost(how_far());
    if (read_.may_rebuild() && read_.says_not_initialized()) return not_initialized();
    if (read_.speaks_of_rates()) return limited();
    if ((read_.holds("server is shutting down") || read_.holds("shutting down"))) {
      return because(
          Kind::transient, Action::reconnect, Replay::yes,
          "the server is shutting down and took no more requests"
      );
    }
    if (status == 504 ||
        (read_.body().rpc_error && (read_.holds("timeout") || read_.holds("timed out")))) {
      return because(
          Kind::transient, Action::none, Replay::no,
          "no answer came in time, and the request may still be running"
      );
    }
    if (read_.body().rpc_error) return plain_error();
    if (read_.holds("connection failure") && read_.holds("before headers")) {
      return because(
          Kind::transient, Action::retry, Replay::yes,
          "a proxy did not reach the server, so the request was not delivered"
      );
    }
    if (status == 500 && read_.may_rebuild() && read_.wording().says == Says::lost) {
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
  bool of_our_link() const {
    return failure_.phase == Phase::sse_message || read_.wording().mid_request;
  }

  const Failure& failure_;
  const Overrides& overrides_;
  Reading read_;
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
