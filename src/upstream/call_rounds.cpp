#include "upstream/call_rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "upstream/call_errors.hpp"
#include "upstream/questions.hpp"

namespace mooring::upstream {

using protocol::Frame;

namespace {

constexpr int most_rounds = 8;
constexpr core::Duration pace = std::chrono::milliseconds(250);  ///< of rounds without a question
constexpr core::Duration poll_interval = std::chrono::seconds(1);
constexpr core::Duration longest_poll_interval = std::chrono::seconds(10);
constexpr core::Duration goodbye_time = std::chrono::seconds(5);

/// Empty where it is no result of a modern server.
std::string type_of(const CallResult& result) {
  if (!result.modern || !result.response || result.response->result().empty()) return {};
  return protocol::result_type(result.response->result());
}

CallResult ended(std::string response) {
  CallResult result;
  result.modern = true;
  auto frame = Frame::parse(std::move(response));
  if (!frame) {
    frame = Frame::parse(
        protocol::make_error("0", protocol::internal_error, "the server was not answered")
    );
  }
  result.response = std::move(*frame);
  return result;
}

CallResult failure(std::string_view message) {
  return ended(protocol::make_error("0", protocol::internal_error, message));
}

CallResult failure(CallError error) {
  CallResult result;
  result.error = std::move(error);
  return result;
}

/// One call of a caller on its way through the rounds that a modern server makes of it.
class Rounds {
 public:
  Rounds(
      io::Worker& worker, Link& link, CallRequest request, AskCaller ask, core::Random& random,
      core::TimePoint until
  )
      : timers_(worker.timers()),
        link_(link),
        request_(std::move(request)),
        until_(until),
        questions_(std::move(ask), random, timers_, until_) {}

  /// What follows from the first result.
  awaitable<CallResult> run(CallResult result) {
    for (int round = 0; type_of(result) == "input_required"; ++round) {
      if (round == most_rounds) co_return failure("the server does not stop asking for input");
      if (timers_.now() >= until_) co_return late();
      result = co_await again(std::string(result.response->result()));
    }
    const auto type = type_of(result);
    if (type == "task") {
      const Link::Hold hold(link_);
      co_return co_await see_through(std::string(result.response->result()));
    }
    // Extensions may have more types, for whoever asks for them; nobody here does.
    if (!type.empty() && type != "complete") {
      co_return failure(
          fmt::format("the server answered with a result of the unknown type '{}'", type)
      );
    }
    co_return result;
  }

 private:
  bool given_up() const { return request_.abort != nullptr && request_.abort->aborted(); }
  CallResult over() const {
    return failure(cancelled(link_.name(), request_.frame->method(), recovery::Delivery::unknown));
  }
  CallResult late() const {
    return failure(timed_out(
        link_.name(), request_.frame->method(), link_.config().timeout_max,
        recovery::Delivery::unknown
    ));
  }
  awaitable<bool> pause(core::Duration time) {
    return io::sleep_until(timers_, std::min(until_, timers_.now() + time), request_.abort);
  }

  /// The same call, with answers to what it asked.
  awaitable<CallResult> again(std::string wanted) {
    const auto& first = *request_.frame;
    std::map<std::string, std::string> of_this_round;
    const auto answers = co_await questions_.answer(wanted, of_this_round);
    if (given_up()) co_return over();
    if (!answers) co_return ended(answers.error());
    std::string params(first.params());
    if (answers->empty()) {
      co_await pause(pace);
    } else {
      params = protocol::with_member(params, "inputResponses", *answers);
    }
    if (const auto state = protocol::member(wanted, "requestState"))
      params = protocol::with_member(params, "requestState", *state);
    const auto frame =
        Frame::parse(protocol::make_request(first.id(), first.method(), params)).value();
    auto next = request_;
    next.frame = &frame;
    co_return co_await link_.call(std::move(next));
  }

  /// Asks for a task until it has ended; answers what it asks meanwhile. Whatever goes wrong with
  /// asking says nothing of the task, which runs.
  awaitable<CallResult> see_through(std::string task) {
    const std::string id(protocol::member(task, "taskId").value_or(R"("")"));
    auto heard = timers_.now();
    for (;;) {
      const auto status = protocol::string_member(task, "status");
      if (status == "completed") {
        co_return ended(protocol::make_result("0", protocol::member(task, "result").value_or("{}"))
        );
      }
      if (status == "failed" || status == "cancelled") co_return failed(task);
      if (status == "input_required") {
        if (auto refused = co_await answer(id, task)) {
          co_await about(id, "tasks/cancel");
          co_return std::move(*refused);
        }
      }
      if (timers_.now() >= until_ || !co_await pause(interval(task))) {
        co_await about(id, "tasks/cancel");
        co_return given_up() ? over() : late();
      }
      auto now_is = co_await about(id, "tasks/get");
      if (!type_of(now_is).empty()) {
        heard = timers_.now();
        task = now_is.response->result();
      } else if (!now_is.error || timers_.now() - heard > link_.config().timeout) {
        co_return out_of_sight(now_is);
      }
    }
  }

  /// Answers, once more where they were lost on their way; the end of the call where they cannot be
  /// had.
  awaitable<std::optional<CallResult>> answer(const std::string& id, std::string task) {
    const auto known = answered_.size();
    const auto answers = co_await questions_.answer(std::move(task), answered_);
    if (given_up()) co_return std::nullopt;
    if (!answers) co_return ended(answers.error());
    if (answers->empty() || (known == answered_.size() && !update_lost_)) co_return std::nullopt;
    const auto taken =
        co_await about(id, "tasks/update", fmt::format(R"(,"inputResponses":{})", *answers));
    update_lost_ = taken.error.has_value();
    co_return std::nullopt;
  }

  /// The server does not tell any more what became of it.
  CallResult out_of_sight(const CallResult& last) const {
    CallError error;
    error.kind = last.error ? last.error->kind : "other";
    error.delivery = recovery::Delivery::unknown;
    error.recovery_id = last.error ? last.error->recovery_id : std::string();
    error.message = fmt::format(
        "{}: the call became a task there, and {}", link_.name(),
        last.error ? "the server is away: " + last.error->message
                   : "the server does not know it any more"
    );
    error.advice = "The call may have run; check its effect before you repeat it.";
    return failure(std::move(error));
  }

  static CallResult failed(std::string_view task) {
    const auto error = protocol::member(task, "error");
    if (!error || !protocol::is_object(*error)) return failure("the server's task was cancelled");
    return ended(fmt::format(R"({{"jsonrpc":"2.0","id":0,"error":{}}})", *error));
  }

  static core::Duration interval(std::string_view task) {
    const auto raw = protocol::member(task, "pollIntervalMs").value_or("");
    long long given = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), given);
    if (error != std::errc{}) return poll_interval;
    return std::clamp(core::Duration(given), pace, longest_poll_interval);
  }

  /// One request about the task. What ends it may be said after the caller has given up.
  awaitable<CallResult> about(
      const std::string& id, std::string_view method, std::string_view more = {}
  ) {
    const auto frame = Frame::parse(
        protocol::make_request("0", method, fmt::format(R"({{"taskId":{}{}}})", id, more))
    );
    if (!frame) co_return failure("the server's task has no usable id");
    CallRequest request;
    request.frame = &*frame;
    request.takes_tasks = true;
    request.client_capabilities = request_.client_capabilities;
    if (method == "tasks/cancel") {
      request.timeout = goodbye_time;
    } else {
      request.abort = request_.abort;
    }
    co_return co_await link_.call(std::move(request));
  }

  core::Timers& timers_;
  Link& link_;
  CallRequest request_;
  core::TimePoint until_;
  Questions questions_;
  std::map<std::string, std::string> answered_;  ///< what the task asked, by key
  bool update_lost_ = false;
};

}  // namespace

awaitable<CallResult> call_to_its_end(
    io::Worker& worker, Link& link, CallRequest request, AskCaller ask, core::Random& random
) {
  const auto until = worker.timers().now() + link.config().timeout_max;
  request.takes_tasks = true;
  auto result = co_await link.call(request);
  const auto type = type_of(result);
  if (type.empty() || type == "complete") co_return result;  // as every one of the legacy era
  Rounds rounds(worker, link, std::move(request), std::move(ask), random, until);
  co_return co_await rounds.run(std::move(result));
}

}  // namespace mooring::upstream
