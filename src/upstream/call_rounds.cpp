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

CallResult answered(std::string response) {
  CallResult result;
  result.modern = true;
  if (auto frame = Frame::parse(std::move(response))) result.response = std::move(*frame);
  return result;
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
        questions_(link.name(), std::move(ask), random, timers_, until_) {}

  /// What follows from the first result.
  awaitable<CallResult> run(CallResult result) {
    for (int round = 0; type_of(result) == "input_required"; ++round) {
      if (round == most_rounds) co_return undone_here("it does not stop asking for input");
      if (timers_.now() >= until_) co_return late();
      result = co_await again(std::string(result.response->result()));
      // It was begun, whatever became of its going on.
      if (result.error) result.error = ran_earlier(std::move(*result.error), false);
    }
    const auto type = type_of(result);
    if (type == "task") {
      const Link::Hold hold(link_);
      co_return co_await see_through(std::string(result.response->result()));
    }
    // Extensions may have more types, for whoever asks for them; nobody here does.
    if (!type.empty() && type != "complete") {
      co_return undone_here(fmt::format("it answered with a result of the unknown type '{}'", type)
      );
    }
    co_return result;
  }

 private:
  bool given_up() const { return request_.abort != nullptr && request_.abort->aborted(); }
  CallResult over() const {
    return failure(cancelled(link_.name(), request_.frame->method(), recovery::Delivery::unknown));
  }
  CallResult undone_here(std::string_view what) const {
    return failure(undone(link_.name(), what));
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
    auto answers = co_await questions_.answer(wanted, of_this_round);
    if (given_up()) co_return over();
    if (!answers) co_return std::move(answers.error());
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
    next.until = until_;
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
        co_return answered(
            protocol::make_result("0", protocol::member(task, "result").value_or("{}"))
        );
      }
      if (status == "failed" || status == "cancelled") co_return failed(task);
      if (status == "input_required") {
        if (auto refused = co_await answer(id, task)) {
          cancel(id);
          co_return std::move(*refused);
        }
      }
      if (timers_.now() >= until_ || !co_await pause(interval(task))) {
        cancel(id);
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
    auto answers = co_await questions_.answer(std::move(task), answered_);
    if (given_up()) co_return std::nullopt;
    if (!answers) co_return std::move(answers.error());
    if (answers->empty() || (known == answered_.size() && !update_lost_)) co_return std::nullopt;
    const auto taken =
        co_await about(id, "tasks/update", fmt::format(R"(,"inputResponses":{})", *answers));
    update_lost_ = taken.error.has_value();
    co_return std::nullopt;
  }

  /// The server does not tell any more what became of it.
  CallResult out_of_sight(const CallResult& last) const {
    if (!last.error) return undone_here("the call became a task, which it does not know any more");
    auto error = undone(
        link_.name(), "the call became a task, and the server is away: " + last.error->message
    );
    error.kind = last.error->kind;
    error.recovery_id = last.error->recovery_id;
    return failure(std::move(error));
  }

  CallResult failed(std::string_view task) const {
    const auto error = protocol::member(task, "error");
    if (!error || !protocol::is_object(*error)) return undone_here("the task was cancelled there");
    return answered(fmt::format(R"({{"jsonrpc":"2.0","id":0,"error":{}}})", *error));
  }

  static core::Duration interval(std::string_view task) {
    const auto raw = protocol::member(task, "pollIntervalMs").value_or("");
    long long given = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), given);
    if (error != std::errc{}) return poll_interval;
    return std::clamp(core::Duration(given), pace, longest_poll_interval);
  }

  static std::string request_about(
      const std::string& id, std::string_view method, std::string_view more = {}
  ) {
    return protocol::make_request("0", method, fmt::format(R"({{"taskId":{}{}}})", id, more));
  }

  awaitable<CallResult> about(
      const std::string& id, std::string_view method, std::string_view more = {}
  ) {
    const auto frame = Frame::parse(request_about(id, method, more));
    if (!frame) co_return undone_here("its task has no usable id");
    CallRequest request;
    request.frame = &*frame;
    request.takes_tasks = true;
    request.client_capabilities = request_.client_capabilities;
    request.abort = request_.abort;
    request.until = until_;
    co_return co_await link_.call(std::move(request));
  }

  /// Nobody waits for what the server says to that.
  void cancel(const std::string& id) {
    link_.tell(request_about(id, "tasks/cancel"), request_.client_capabilities, goodbye_time);
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

void begin_rounds(CallRequest& request, const Link& link, core::TimePoint now) {
  const auto& config = link.config();
  request.takes_tasks = true;
  request.until = now + std::max(request.timeout.value_or(config.timeout), config.timeout_max);
}

bool goes_on(const CallResult& result) {
  const auto type = type_of(result);
  return !type.empty() && type != "complete";  // never in the legacy era
}

awaitable<CallResult> rounds_after(
    CallResult first, io::Worker& worker, Link& link, CallRequest request, AskCaller ask,
    core::Random& random
) {
  const auto until = request.until;
  Rounds rounds(worker, link, std::move(request), std::move(ask), random, until);
  co_return co_await rounds.run(std::move(first));
}

awaitable<CallResult> call_to_its_end(
    io::Worker& worker, Link& link, CallRequest request, AskCaller ask, core::Random& random
) {
  begin_rounds(request, link, worker.timers().now());
  auto result = co_await link.call(request);
  if (!goes_on(result)) co_return result;
  co_return co_await rounds_after(
      std::move(result), worker, link, std::move(request), std::move(ask), random
  );
}

}  // namespace mooring::upstream
