#pragma once

#include <fmt/format.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/async.hpp"
#include "io/worker.hpp"
#include "protocol/messages.hpp"
#include "transport/factory.hpp"

namespace mooring::upstream {

using protocol::Frame;
using recovery::Delivery;
using recovery::Failure;
using recovery::Stage;

inline transport::Outcome outcome(Failure failure) {
  transport::Outcome made;
  made.failure = std::move(failure);
  return made;
}
inline transport::Outcome outcome(std::string bytes) {
  transport::Outcome made;
  auto frame = Frame::parse(std::move(bytes));
  if (!frame) throw std::runtime_error(frame.error().message);
  made.response = std::move(*frame);
  return made;
}
inline Failure connect_refused() {
  Failure failure;
  failure.delivery = Delivery::not_sent;
  failure.stage = Stage::connect;
  failure.error = "connection refused";
  return failure;
}
inline Failure http_failure(int status, Delivery delivery = Delivery::refused) {
  Failure failure;
  failure.delivery = delivery;
  failure.http_status = status;
  return failure;
}
/// The answer got lost on the way: the call may have run.
inline Failure reset() {
  Failure failure;
  failure.delivery = Delivery::unknown;
  failure.stage = Stage::headers;
  failure.error = "connection reset by peer";
  return failure;
}

/// A 404 as the official SDKs send it.
inline Failure session_gone() {
  auto failure = http_failure(404);
  failure.sent_session_id = true;
  failure.body =
      R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Session not found"}})";
  return failure;
}
inline transport::Outcome lost() { return outcome(session_gone()); }

/// An MCP server as its channels see it: keeps sessions, answers, and does what the test says.
/// All of it on one thread.
class FakeServer {
 public:
  struct Ask {
    const transport::OutgoingRequest& request;
    transport::Sink& sink;
    std::string params;
  };
  using Step = std::function<awaitable<transport::Outcome>(Ask)>;
  struct Seen {
    std::string method;
    std::string id;
    std::string params;
    std::string session;
    std::string version;
    core::TimePoint at;
    std::map<std::string, std::string> headers = {};  ///< of the modern era
  };

  explicit FakeServer(io::Worker& worker)
      : never(worker.executor(), worker.timers()),
        released(worker.executor(), worker.timers()),
        stream_ends(worker.executor(), worker.timers()),
        worker_(worker) {}

  // What it is like.
  bool down = false;             ///< nobody listens at the address
  bool with_session_ids = true;  ///< of Streamable HTTP
  std::string version = "2025-11-25";
  std::string capabilities = R"({"tools":{"listChanged":true}})";
  std::vector<std::string> tools = {"echo"};
  std::map<std::string, std::string> hints;  ///< `annotations` of a tool, raw
  std::set<std::string> hangs;               ///< methods that are never answered
  std::set<std::string> holds;               ///< methods that are answered once `released` is set
  /// How the next requests of a method end, in place of the usual answer.
  std::map<std::string, std::deque<Step>> next;
  std::map<std::string, Step> always;
  bool offers_stream = false;  ///< the GET stream
  bool forgets_all = false;    ///< no session is known, not even the one just given out
  core::Duration ttl{0};       ///< a session unused for so long is forgotten; 0: never
  /// DELETE, and the end of a process, are not answered until `released` is set.
  bool ending_hangs = false;

  // What happened.
  std::vector<Seen> seen;
  std::vector<std::string> ended;    ///< sessions that were ended by DELETE
  std::vector<std::string> streams;  ///< Last-Event-ID of each GET stream
  std::map<std::string, int> running, most_running;
  int cut = 0;  ///< requests that their sender gave up

  io::Event never, released;
  io::Event stream_ends;
  transport::ListenEnd stream_end;      ///< with which a GET stream ends
  transport::Sink* listener = nullptr;  ///< of the GET stream that was opened last

  void then(const std::string& method, Failure failure) {
    next[method].push_back([failure](Ask) -> awaitable<transport::Outcome> {
      co_return outcome(failure);
    });
  }
  void then(const std::string& method, std::string result) {
    next[method].push_back([result](Ask ask) -> awaitable<transport::Outcome> {
      co_return outcome(protocol::make_result(ask.request.id, result));
    });
  }
  void then(const std::string& method, Step step) { next[method].push_back(std::move(step)); }
  void expire_sessions() { sessions_.clear(); }
  /// Whether a request on that session gets past the server's check. Counts as use of it.
  bool admits(const std::string& session) {
    if (!with_session_ids || session.empty()) return true;
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || forgets_all) return false;
    const auto now = worker_.timers().now();
    const auto last = std::exchange(found->second, now);
    if (ttl <= core::Duration{0} || now - last < ttl) return true;
    sessions_.erase(found);
    return false;
  }

  std::size_t count(std::string_view method) const {
    std::size_t found = 0;
    for (const auto& each : seen) found += each.method == method ? 1 : 0;
    return found;
  }
  std::vector<std::string> methods() const {
    std::vector<std::string> all;
    for (const auto& each : seen) all.push_back(each.method);
    return all;
  }
  const Seen& last(std::string_view method) const {
    for (auto at = seen.rbegin(); at != seen.rend(); ++at) {
      if (at->method == method) return *at;
    }
    throw std::runtime_error(fmt::format("{} was never seen", method));
  }
  std::string tool_list() const {
    std::string list;
    for (const auto& tool : tools) {
      const auto found = hints.find(tool);
      list += fmt::format(
          R"({}{{"name":"{}","inputSchema":{{}},"annotations":{}}})", list.empty() ? "" : ",", tool,
          found == hints.end() ? "{}" : found->second
      );
    }
    return fmt::format(R"({{"tools":[{}]}})", list);
  }

  awaitable<transport::Outcome> serve(transport::OutgoingRequest request, transport::Sink& sink) {
    if (down) co_return outcome(connect_refused());
    const auto frame = Frame::parse(request.bytes);
    if (!frame) throw std::runtime_error(frame.error().message);
    note(*frame, request.session.get());
    seen.back().headers.insert(request.headers.begin(), request.headers.end());
    auto& now = running[request.method];
    auto& most = most_running[request.method];
    most = std::max(most, ++now);
    auto result = co_await decide(Ask{request, sink, std::string(frame->params())});
    --now;
    co_return result;
  }
  std::optional<Failure> take(const std::string& bytes, const transport::SessionHeaders* session) {
    if (down) return connect_refused();
    const auto frame = Frame::parse(bytes);
    if (!frame) throw std::runtime_error(frame.error().message);
    note(*frame, session);
    return std::nullopt;
  }

 private:
  void note(const Frame& frame, const transport::SessionHeaders* session) {
    seen.push_back(
        {frame.is_response() ? "response" : frame.method(), std::string(frame.id()),
         std::string(frame.is_response() ? frame.bytes() : frame.params()),
         session != nullptr ? session->session_id : "",
         session != nullptr ? session->protocol_version : "", worker_.timers().now()}
    );
  }

  awaitable<transport::Outcome> decide(Ask ask) {
    const auto& method = ask.request.method;
    if (auto& script = next[method]; !script.empty()) {
      const auto step = std::move(script.front());
      script.pop_front();
      co_return co_await step(ask);
    }
    if (const auto found = always.find(method); found != always.end()) {
      co_return co_await found->second(ask);
    }
    if (hangs.contains(method)) co_return co_await hang(ask, never);
    if (holds.contains(method) && !released.is_set()) {
      co_await released.wait(std::nullopt, ask.request.abort);
      if (!released.is_set()) co_return aborted();
    }
    if (method == "initialize") co_return open(ask);
    if (!admits(ask.request.session->session_id)) co_return lost();
    co_return outcome(protocol::make_result(ask.request.id, answer(method)));
  }

  std::string answer(std::string_view method) const {
    if (method == "tools/list") return tool_list();
    if (method == "resources/list") return R"({"resources":[]})";
    if (method == "resources/templates/list") return R"({"resourceTemplates":[]})";
    if (method == "prompts/list") return R"({"prompts":[]})";
    if (method == "tools/call") return R"({"content":[{"type":"text","text":"done"}]})";
    return "{}";
  }
  transport::Outcome aborted() {
    ++cut;
    Failure failure;
    failure.delivery = Delivery::unknown;
    failure.aborted = true;
    return outcome(failure);
  }

 public:
  /// The usual answer to `initialize`: a session.
  transport::Outcome open(const Ask& ask) {
    auto made = outcome(protocol::make_result(
        ask.request.id,
        fmt::format(
            R"({{"protocolVersion":"{}","capabilities":{},"serverInfo":{{"name":"fake"}}}})",
            version, capabilities
        )
    ));
    if (with_session_ids) {
      made.session_id = fmt::format("s-{}", ++last_session_);
      sessions_[made.session_id] = worker_.timers().now();
    }
    return made;
  }
  /// Waits for `event`, then the answer is a reset; until then only an abort ends it.
  awaitable<transport::Outcome> hang(Ask ask, io::Event& event) {
    const bool came = co_await event.wait(std::nullopt, ask.request.abort);
    co_return came ? outcome(reset()) : aborted();
  }

 private:
  io::Worker& worker_;
  std::map<std::string, core::TimePoint> sessions_;  ///< and when each was last used
  int last_session_ = 0;
};

class FakeHttp final : public transport::Channel {
 public:
  explicit FakeHttp(FakeServer& server) : server_(server) {}

  awaitable<transport::Outcome> request(transport::OutgoingRequest request, transport::Sink& sink)
      override {
    return server_.serve(std::move(request), sink);
  }
  awaitable<std::optional<Failure>> notify(
      std::string bytes, std::shared_ptr<const transport::SessionHeaders> session
  ) override {
    co_return server_.take(bytes, session.get());
  }
  awaitable<transport::ListenEnd> listen(
      std::shared_ptr<const transport::SessionHeaders>, std::string last_event_id,
      transport::Sink& sink, io::AbortSource& abort
  ) override {
    transport::ListenEnd end;
    end.offered = server_.offers_stream;
    if (!end.offered) co_return end;
    server_.streams.push_back(std::move(last_event_id));
    server_.listener = &sink;
    co_await server_.stream_ends.wait(std::nullopt, &abort);
    co_return server_.stream_end;
  }
  awaitable<void> end_session(std::shared_ptr<const transport::SessionHeaders> session) override {
    server_.ended.push_back(session->session_id);
    if (server_.ending_hangs) co_await server_.released.wait();
  }

 private:
  FakeServer& server_;
};

class FakeProcess final : public transport::ProcessChannel {
 public:
  FakeProcess(FakeServer& server, io::Worker& worker, int pid)
      : server_(server), pid_(pid), dead_(worker.executor(), worker.timers()) {}

  void die() { dead_.set(); }
  bool closed = false;
  transport::Sink* listener = nullptr;

  int pid() const override { return pid_; }
  std::string stderr_tail() const override { return {}; }
  std::string first_noise() const override { return {}; }
  std::string exit_text() const override { return dead_.is_set() ? "exited with status 3" : ""; }
  awaitable<void> close() override {
    closed = true;
    if (server_.ending_hangs) co_await server_.released.wait();
    dead_.set();
  }

  awaitable<transport::Outcome> request(transport::OutgoingRequest request, transport::Sink& sink)
      override {
    if (dead_.is_set()) co_return outcome(gone(Delivery::not_sent));
    // A call that is open when the process dies ends with it.
    io::AbortSource either;
    bool died = false;
    const auto abort = request.abort != nullptr
                           ? request.abort->subscribe([&either] { either.abort(); })
                           : io::AbortSource::Subscription();
    request.abort = &either;
    const auto death = on_death([&either, &died] {
      died = true;
      either.abort();
    });
    auto result = co_await server_.serve(std::move(request), sink);
    if (died && result.failure) co_return outcome(gone(Delivery::unknown));
    co_return result;
  }
  awaitable<std::optional<Failure>> notify(
      std::string bytes, std::shared_ptr<const transport::SessionHeaders> session
  ) override {
    if (dead_.is_set()) co_return gone(Delivery::not_sent);
    co_return server_.take(bytes, session.get());
  }
  awaitable<transport::ListenEnd> listen(
      std::shared_ptr<const transport::SessionHeaders>, std::string, transport::Sink& sink,
      io::AbortSource& abort
  ) override {
    listener = &sink;
    co_await dead_.wait(std::nullopt, &abort);
    transport::ListenEnd end;
    if (dead_.is_set()) {
      death_.abort();
      end.failure = gone(Delivery::not_sent);
    }
    co_return end;
  }
  awaitable<void> end_session(std::shared_ptr<const transport::SessionHeaders>) override {
    return close();
  }

 private:
  static Failure gone(Delivery delivery) {
    Failure failure;
    failure.delivery = delivery;
    failure.stage = Stage::process;
    failure.error = "exited with status 3";
    return failure;
  }
  io::AbortSource::Subscription on_death(std::function<void()> fire) {
    return death_.subscribe(std::move(fire));
  }

  FakeServer& server_;
  int pid_;
  io::Event dead_;
  io::AbortSource death_;
};

/// Channels into a FakeServer.
class FakeChannels final : public transport::ChannelFactory {
 public:
  explicit FakeChannels(FakeServer& server) : server_(server) {}

  std::deque<Error> refusals;  ///< with which the next processes do not start
  bool has_sse = false;
  bool opening_hangs = false;  ///< until `server.released` is set
  std::vector<std::shared_ptr<FakeProcess>> processes;
  int asked = 0;

  std::unique_ptr<transport::Channel> http(
      io::Worker&, const UpstreamConfig&, std::shared_ptr<const transport::Credentials> = nullptr
  ) override {
    return std::make_unique<FakeHttp>(server_);
  }
  awaitable<Result<std::shared_ptr<transport::ProcessChannel>>>
  stdio(io::Worker& home, UpstreamConfig, io::AbortSource&) override {
    return open(home);
  }
  awaitable<Result<std::shared_ptr<transport::ProcessChannel>>>
  sse(io::Worker& home, UpstreamConfig, io::AbortSource&,
      std::shared_ptr<const transport::Credentials>) override {
    if (!has_sse) co_return fail(Reason::protocol, "no event stream there");
    co_return co_await open(home);
  }

 private:
  awaitable<Result<std::shared_ptr<transport::ProcessChannel>>> open(io::Worker& home) {
    ++asked;
    if (opening_hangs) co_await server_.released.wait();
    if (!refusals.empty()) {
      const auto error = refusals.front();
      refusals.pop_front();
      co_return std::unexpected(error);
    }
    processes.push_back(
        std::make_shared<FakeProcess>(server_, home, 1000 + static_cast<int>(processes.size()))
    );
    co_return processes.back();
  }

  FakeServer& server_;
};

}  // namespace mooring::upstream
