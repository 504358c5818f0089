#include "transport/stdio_channel.hpp"

#include "protocol/json_scan.hpp"
#include "transport/child_env.hpp"
#include "transport/stdio_core.hpp"

namespace mooring::transport {

using recovery::Delivery;
using recovery::Failure;

namespace {

/// One message is one line.
std::string as_line(std::string bytes) {
  if (bytes.find_first_of("\r\n") != std::string::npos) bytes = protocol::one_line(bytes);
  bytes += '\n';
  return bytes;
}

template <class Task>
void at_home(io::Worker& home, Task task) {
  if (home.on_this_thread()) {
    task();
  } else {
    asio::post(home.executor(), std::move(task));
  }
}

Failure given_up(std::string method, bool handed_over) {
  Failure failure;
  failure.method = std::move(method);
  failure.delivery = handed_over ? Delivery::unknown : Delivery::not_sent;
  failure.stage = recovery::Stage::process;
  failure.aborted = true;
  failure.error = "given up by the caller";
  return failure;
}

}  // namespace

awaitable<Result<std::shared_ptr<StdioChannel>>> StdioChannel::open_at_home(
    io::Worker& home, UpstreamConfig config, std::map<std::string, std::string> env, Hooks hooks
) {
  io::ChildOptions options;
  options.name = config.name;
  options.command = config.command;
  options.args = config.args;
  options.env = std::move(env);
  options.cwd = config.cwd;
  auto child = co_await io::Child::spawn(home, std::move(options));
  if (!child) co_return std::unexpected(std::move(child.error()));
  auto core = std::make_shared<Core>(home, config, std::move(*child));
  core->start(hooks);
  co_return std::shared_ptr<StdioChannel>(new StdioChannel(std::move(core)));
}

awaitable<Result<std::shared_ptr<StdioChannel>>> StdioChannel::open(
    io::Worker& home, UpstreamConfig config, std::map<std::string, std::string> env, Hooks hooks
) {
  auto task = open_at_home(home, std::move(config), std::move(env), std::move(hooks));
  if (home.on_this_thread()) co_return co_await std::move(task);
  co_return co_await asio::co_spawn(home.executor(), std::move(task), asio::use_awaitable);
}

awaitable<Result<std::shared_ptr<StdioChannel>>> StdioChannel::open(
    io::Worker& home, UpstreamConfig config
) {
  auto env = child_env(config, own_environment());
  return open(home, std::move(config), std::move(env), {});
}

StdioChannel::~StdioChannel() {
  if (core_->closed()) return;
  // Only a caller that failed half-way comes here; the process must not stay behind for it.
  asio::co_spawn(
      core_->home().executor(), Core::close(core_), [core = core_](const std::exception_ptr&) {}
  );
}

awaitable<Outcome> StdioChannel::request(OutgoingRequest request, Sink& sink) {
  const auto core = core_;
  const auto call = std::make_shared<StdioCall>();
  call->id = std::move(request.id);
  call->method = std::move(request.method);
  call->progress_token = std::move(request.progress_token);
  call->from_client = request.from_client;
  call->bytes = as_line(std::move(request.bytes));
  call->mailbox =
      std::make_shared<Mailbox>(co_await asio::this_coro::executor, core->buffer_bytes());
  at_home(core->home(), [core, call] { core->submit(call); });
  io::AbortSource::Subscription subscription;
  if (request.abort != nullptr) {
    subscription = request.abort->subscribe([box = call->mailbox] { box->interrupt(); });
  }
  Outcome outcome;
  for (;;) {
    auto item = co_await call->mailbox->next();
    if (auto* message = std::get_if<Mailbox::Message>(&item)) {
      co_await sink.message(std::move(message->frame));
    } else if (auto* response = std::get_if<Mailbox::Response>(&item)) {
      outcome.response = std::move(response->frame);
      co_return outcome;
    } else if (auto* failure = std::get_if<Failure>(&item)) {
      outcome.failure = std::move(*failure);
      co_return outcome;
    } else {
      const bool handed_over = !call->claim(StdioCall::Way::withdrawn);
      if (handed_over) {
        at_home(core->home(), [core, call] { core->forget(call->id); });
      }
      outcome.failure = given_up(call->method, handed_over);
      co_return outcome;
    }
  }
}

awaitable<std::optional<Failure>>
StdioChannel::notify(std::string bytes, std::shared_ptr<const SessionHeaders>) {
  const auto core = core_;
  auto task = Core::notify(core, as_line(std::move(bytes)));
  if (core->home().on_this_thread()) co_return co_await std::move(task);
  co_return co_await asio::co_spawn(core->home().executor(), std::move(task), asio::use_awaitable);
}

awaitable<ListenEnd> StdioChannel::listen(
    std::shared_ptr<const SessionHeaders>, std::string, Sink& sink, io::AbortSource& abort
) {
  const auto core = core_;
  const auto box =
      std::make_shared<Mailbox>(co_await asio::this_coro::executor, core->buffer_bytes());
  at_home(core->home(), [core, box] { core->listen(box); });
  const auto subscription = abort.subscribe([box] { box->interrupt(); });
  ListenEnd end;
  for (;;) {
    auto item = co_await box->next();
    if (auto* message = std::get_if<Mailbox::Message>(&item)) {
      co_await sink.message(std::move(message->frame));
    } else if (auto* failure = std::get_if<Failure>(&item)) {
      end.failure = std::move(*failure);
      co_return end;
    } else {
      at_home(core->home(), [core, box] { core->unlisten(box); });
      end.failure = given_up({}, false);
      co_return end;
    }
  }
}

awaitable<void> StdioChannel::close() {
  const auto core = core_;
  auto task = Core::close(core);
  if (core->home().on_this_thread()) {
    co_await std::move(task);
  } else {
    co_await asio::co_spawn(core->home().executor(), std::move(task), asio::use_awaitable);
  }
}

awaitable<void> StdioChannel::end_session(std::shared_ptr<const SessionHeaders>) { return close(); }

int StdioChannel::pid() const { return core_->pid(); }
std::string StdioChannel::stderr_tail() const { return core_->notes().stderr_tail(); }
std::string StdioChannel::first_noise() const { return core_->notes().first_noise(); }
std::size_t StdioChannel::noise_lines() const { return core_->notes().noise_lines(); }
std::string StdioChannel::exit_text() const { return core_->notes().exit_text(); }

}  // namespace mooring::transport
