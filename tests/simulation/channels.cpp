#include "channels.hpp"

#include <algorithm>

#include "protocol/json_scan.hpp"

namespace mooring::simulation {

using protocol::Frame;
using recovery::Failure;
using transport::Outcome;

namespace {

/// How long a notification may take; the HTTP channel gives up then, too.
constexpr auto notice_time = std::chrono::seconds(10);

std::string key_in(std::string_view bytes) {
  constexpr std::string_view field = R"("key":")";
  const auto begin = bytes.find(field);
  if (begin == std::string_view::npos) return {};
  bytes.remove_prefix(begin + field.size());
  return std::string(bytes.substr(0, bytes.find('"')));
}

ExchangePtr make_exchange(
    asio::any_io_executor executor, io::Worker& worker, const Frame& frame,
    std::shared_ptr<const transport::SessionHeaders> headers
) {
  auto exchange = std::make_shared<Exchange>(std::move(executor), worker.timers());
  exchange->method = frame.is_response() ? "response" : frame.method();
  exchange->id = std::string(frame.id());
  exchange->is_request = frame.is_request();
  if (frame.is_request()) {
    exchange->key = key_in(frame.params());
    exchange->cursor = protocol::string_member(frame.params(), "cursor");
  }
  exchange->headers = std::move(headers);
  return exchange;
}

/// Waits for what the server makes of it, passing on what it says meanwhile.
awaitable<Outcome> converse(
    ScriptedUpstream& server, ExchangePtr exchange, transport::Sink* sink, io::AbortSource* abort,
    std::optional<TimePoint> until
) {
  server.submit(exchange);
  for (;;) {
    while (!exchange->messages.empty()) {
      auto message = std::move(exchange->messages.front());
      exchange->messages.pop_front();
      if (sink != nullptr) co_await sink->message(std::move(message));
    }
    if (exchange->outcome) co_return std::move(*exchange->outcome);
    if (co_await exchange->changed.wait(until, abort)) continue;
    if (exchange->outcome) continue;
    server.abandoned(exchange);
    auto failure = given_up(*exchange);
    if (abort == nullptr || !abort->aborted()) {
      failure.aborted = false;
      failure.timed_out = true;
      failure.error = "timed out";
    }
    co_return outcome(std::move(failure));
  }
}

/// A notification is taken, or it is not: a JSON-RPC error in a 200 is a refusal, too.
std::optional<Failure> refusal(Outcome outcome, const Exchange& exchange) {
  if (outcome.failure) return std::move(outcome.failure);
  if (!outcome.response) return std::nullopt;
  Failure failure;
  failure.method = exchange.method;
  failure.sent_session_id = exchange.headers && !exchange.headers->session_id.empty();
  failure.http_status = 200;
  failure.body = outcome.response->bytes();
  return failure;
}

awaitable<transport::ListenEnd> hear(
    ScriptedUpstream& server, StreamPtr stream, transport::Sink& sink, io::AbortSource& abort
) {
  server.listen(stream);
  for (;;) {
    while (!stream->messages.empty()) {
      auto message = std::move(stream->messages.front());
      stream->messages.pop_front();
      co_await sink.message(std::move(message));
    }
    if (stream->end) co_return std::move(*stream->end);
    if (co_await stream->changed.wait(std::nullopt, &abort)) continue;
    server.left(stream);
    co_return transport::ListenEnd{};
  }
}

class HttpWay final : public transport::Channel {
 public:
  HttpWay(
      ScriptedUpstream& server, io::Worker& worker,
      std::shared_ptr<const transport::Credentials> credentials
  )
      : server_(server), worker_(worker), credentials_(std::move(credentials)) {}

  awaitable<Outcome> request(transport::OutgoingRequest request, transport::Sink& sink) override {
    const auto frame = Frame::parse(std::move(request.bytes));
    auto exchange = make_exchange(worker_.executor(), worker_, *frame, std::move(request.session));
    show_credentials(*exchange);
    exchange->from_client = request.from_client;
    exchange->progress_token = std::move(request.progress_token);
    return converse(server_, std::move(exchange), &sink, request.abort, std::nullopt);
  }
  awaitable<std::optional<Failure>> notify(
      std::string bytes, std::shared_ptr<const transport::SessionHeaders> session
  ) override {
    const auto frame = Frame::parse(std::move(bytes));
    auto exchange = make_exchange(worker_.executor(), worker_, *frame, std::move(session));
    show_credentials(*exchange);
    const auto until = worker_.timers().now() + notice_time;
    auto outcome = co_await converse(server_, exchange, nullptr, nullptr, until);
    co_return refusal(std::move(outcome), *exchange);
  }
  awaitable<transport::ListenEnd> listen(
      std::shared_ptr<const transport::SessionHeaders> session, std::string, transport::Sink& sink,
      io::AbortSource& abort
  ) override {
    auto stream = std::make_shared<Stream>(worker_.executor(), worker_.timers());
    stream->session = server_.session_named(session->session_id);
    return hear(server_, std::move(stream), sink, abort);
  }
  awaitable<void> end_session(std::shared_ptr<const transport::SessionHeaders> session) override {
    if (server_.reachable()) server_.end_session(*session);
    co_return;
  }

 private:
  void show_credentials(Exchange& exchange) const {
    if (!credentials_) return;
    const auto now = credentials_->current();
    exchange.token = now->token;
    exchange.credentials = now->version;
  }

  ScriptedUpstream& server_;
  io::Worker& worker_;
  std::shared_ptr<const transport::Credentials> credentials_;
};

class ProcessWay final : public transport::ProcessChannel {
 public:
  ProcessWay(ScriptedUpstream& server, io::Worker& worker, std::shared_ptr<Process> process)
      : server_(server), worker_(worker), process_(std::move(process)) {}

  int pid() const override { return process_->pid; }
  std::string stderr_tail() const override { return {}; }
  std::string first_noise() const override { return {}; }
  std::string exit_text() const override { return process_->alive ? "" : "exited with status 3"; }
  awaitable<void> close() override {
    server_.end(process_);
    process_->closed = true;
    co_return;
  }

  awaitable<Outcome> request(transport::OutgoingRequest request, transport::Sink& sink) override {
    const auto frame = Frame::parse(std::move(request.bytes));
    // Whichever worker it is called on is woken.
    auto exchange =
        make_exchange(co_await asio::this_coro::executor, worker_, *frame, request.session);
    exchange->from_client = request.from_client;
    exchange->progress_token = std::move(request.progress_token);
    exchange->process = process_;
    co_return co_await converse(server_, std::move(exchange), &sink, request.abort, std::nullopt);
  }
  awaitable<std::optional<Failure>> notify(
      std::string bytes, std::shared_ptr<const transport::SessionHeaders> session
  ) override {
    const auto frame = Frame::parse(std::move(bytes));
    auto exchange =
        make_exchange(co_await asio::this_coro::executor, worker_, *frame, std::move(session));
    exchange->process = process_;
    if (!process_->alive) {
      co_return not_sent(*exchange, recovery::Stage::process, "the process is gone");
    }
    // Into a pipe: nobody waits for it to be read.
    server_.submit(exchange);
    co_return std::nullopt;
  }
  awaitable<transport::ListenEnd> listen(
      std::shared_ptr<const transport::SessionHeaders>, std::string, transport::Sink& sink,
      io::AbortSource& abort
  ) override {
    auto stream = std::make_shared<Stream>(worker_.executor(), worker_.timers());
    stream->process = process_;
    if (!process_->alive) {
      transport::ListenEnd end;
      end.failure = stream_broken(recovery::Stage::process, exit_text());
      co_return end;
    }
    co_return co_await hear(server_, std::move(stream), sink, abort);
  }
  awaitable<void> end_session(std::shared_ptr<const transport::SessionHeaders>) override {
    return close();
  }

 private:
  ScriptedUpstream& server_;
  io::Worker& worker_;
  std::shared_ptr<Process> process_;
};

}  // namespace

std::unique_ptr<transport::Channel> ScriptedChannels::http(
    io::Worker& worker, const UpstreamConfig&,
    std::shared_ptr<const transport::Credentials> credentials
) {
  return std::make_unique<HttpWay>(server_, worker, std::move(credentials));
}

awaitable<Result<std::shared_ptr<transport::ProcessChannel>>>
ScriptedChannels::stdio(io::Worker& home, UpstreamConfig, io::AbortSource&) {
  auto process = server_.spawn();
  if (!process) co_return fail(Reason::io, "cannot start the process: too many of them");
  processes_.push_back(process);
  co_return std::make_shared<ProcessWay>(server_, home, std::move(process));
}

awaitable<Result<std::shared_ptr<transport::ProcessChannel>>> ScriptedChannels::
    sse(io::Worker&, UpstreamConfig, io::AbortSource&,
        std::shared_ptr<const transport::Credentials>) {
  co_return fail(Reason::protocol, "no event stream there");
}

std::size_t ScriptedChannels::open() const {
  return static_cast<std::size_t>(std::ranges::count(processes_, false, &Process::closed));
}

}  // namespace mooring::simulation
