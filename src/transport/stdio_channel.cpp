#include "transport/stdio_channel.hpp"

#include "protocol/json_scan.hpp"
#include "transport/child_env.hpp"
#include "transport/stdio_core.hpp"

namespace mooring::transport {

using recovery::Failure;

namespace {

/// One message is one line.
std::string as_line(std::string bytes) {
  if (!protocol::is_one_line(bytes)) bytes = protocol::one_line(bytes);
  bytes += '\n';
  return bytes;
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
  auto child = co_await io::Child::spawn(home, std::move(options), hooks.abort);
  if (!child) co_return std::unexpected(std::move(child.error()));
  auto core = std::make_shared<Core>(home, config, std::move(*child));
  core->start(hooks);
  co_return std::shared_ptr<StdioChannel>(new StdioChannel(std::move(core)));
}

awaitable<Result<std::shared_ptr<StdioChannel>>> StdioChannel::open(
    io::Worker& home, UpstreamConfig config, std::map<std::string, std::string> env, Hooks hooks
) {
  co_return co_await run_at_home(
      home, open_at_home(home, std::move(config), std::move(env), std::move(hooks))
  );
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
  auto* const abort = request.abort;
  request.bytes = as_line(std::move(request.bytes));
  const auto call =
      make_pending(std::move(request), co_await asio::this_coro::executor, core->buffer_bytes());
  at_home(core->home(), [core, call] { core->submit(call); });
  if (auto outcome = co_await outcome_of(call, sink, abort)) co_return std::move(*outcome);
  const bool handed_over = !call->claim(PendingCall::Way::withdrawn);
  if (handed_over) {
    at_home(core->home(), [core, call] { core->forget(call->id); });
  }
  Outcome outcome;
  outcome.failure = given_up(call->method, recovery::Stage::process, handed_over);
  co_return outcome;
}

awaitable<std::optional<Failure>>
StdioChannel::notify(std::string bytes, std::shared_ptr<const SessionHeaders>) {
  const auto core = core_;
  co_return co_await run_at_home(core->home(), Core::notify(core, as_line(std::move(bytes))));
}

awaitable<ListenEnd> StdioChannel::listen(
    std::shared_ptr<const SessionHeaders>, std::string, Sink& sink, io::AbortSource& abort
) {
  const auto core = core_;
  const auto box =
      std::make_shared<Mailbox>(co_await asio::this_coro::executor, core->buffer_bytes());
  at_home(core->home(), [core, box] { core->listen(box); });
  ListenEnd end;
  if (co_await listen_to(box, sink, abort, end)) co_return end;
  at_home(core->home(), [core, box] { core->unlisten(box); });
  end.failure = given_up({}, recovery::Stage::process, false);
  co_return end;
}

awaitable<void> StdioChannel::close() {
  const auto core = core_;
  co_await run_at_home(core->home(), Core::close(core));
}

awaitable<void> StdioChannel::end_session(std::shared_ptr<const SessionHeaders>) { return close(); }

int StdioChannel::pid() const { return core_->pid(); }
std::string StdioChannel::stderr_tail() const { return core_->notes().stderr_tail(); }
std::string StdioChannel::first_noise() const { return core_->notes().first_noise(); }
std::size_t StdioChannel::noise_lines() const { return core_->notes().noise_lines(); }
std::string StdioChannel::exit_text() const { return core_->notes().exit_text(); }

}  // namespace mooring::transport
