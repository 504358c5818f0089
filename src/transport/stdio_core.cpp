#include "transport/stdio_core.hpp"

#include <fmt/format.h>

#include "core/log.hpp"
#include "protocol/json_scan.hpp"
#include "transport/incoming.hpp"

namespace mooring::transport {

using recovery::Delivery;
using recovery::Failure;

namespace {

/// The last output of a process that exited is still in the pipe; a stray descendant may hold it
/// open for ever.
constexpr auto last_words = std::chrono::milliseconds(200);
/// A process that closed its output is ending, or useless.
constexpr auto exit_grace = std::chrono::milliseconds(1000);

}  // namespace

StdioChannel::Core::Core(
    io::Worker& home, const UpstreamConfig& config, std::unique_ptr<io::Child> child
)
    : home_(home),
      child_(std::move(child)),
      pid_(child_->pid()),
      buffer_bytes_(config.buffer_bytes),
      timeout_(config.timeout),
      framer_(config.buffer_bytes),
      watch_(config.buffer_bytes),
      switchboard_(fmt::format("process {}", pid_), config.one_client),
      end_of_output_(home.executor(), home.timers()),
      exited_(home.executor(), home.timers()),
      buried_(home.executor(), home.timers()),
      gone_(home.executor(), home.timers()),
      tasks_(home.executor()) {}

void StdioChannel::Core::start(const Hooks& hooks) {
  if (hooks.on_start) hooks.on_start(pid_);
  child_->on_stderr([this, also = hooks.on_stderr](std::string_view bytes) {
    notes_.add_stderr(bytes);
    if (also) also(bytes);
  });
  tasks_.spawn(read(shared_from_this()));
  tasks_.spawn(watch(shared_from_this()));
}

awaitable<void> StdioChannel::Core::read(std::shared_ptr<Core> self) {
  for (;;) {
    auto piece = co_await self->child_->read_some();
    if (!piece || piece->empty()) break;
    const auto oversized = self->watch_.feed(*piece);
    self->framer_.feed(*piece);
    while (auto line = self->framer_.next()) self->take_line(std::move(*line));
    for (const auto& id : oversized) self->fail_oversized(id);
  }
  self->end_of_output_.set();
  if (co_await self->exited_.wait(self->after(exit_grace))) co_return;
  core::log::debug("transport", "process {} closed its output; ending it", self->pid_);
  co_await self->child_->terminate();
}

awaitable<void> StdioChannel::Core::watch(std::shared_ptr<Core> self) {
  auto exit = co_await self->child_->wait();
  self->notes_.set_exit(exit.text);
  self->exited_.set();
  co_await self->end_of_output_.wait(self->after(last_words));
  // What it wrote to stderr before it died is in the pipe already: a few turns of the loop bring it
  // here.
  const auto executor = co_await asio::this_coro::executor;
  for (int turn = 0; turn < 8; ++turn) co_await asio::post(executor, asio::use_awaitable);
  self->bury();
}

void StdioChannel::Core::bury() {
  dead_ = true;
  for (const auto& call : switchboard_.calls()) {
    switchboard_.remove(call->id);
    call->mailbox->fail(
        failure(call->write_failed ? Delivery::not_sent : Delivery::unknown, call->method)
    );
  }
  if (const auto listener = switchboard_.take_listener()) {
    listener->fail(failure(Delivery::not_sent, {}));
  }
  buried_.set();
}

Failure StdioChannel::Core::failure(Delivery delivery, std::string_view method) const {
  Failure failure;
  failure.delivery = delivery;
  failure.method = method;
  failure.stage = recovery::Stage::process;
  const auto exit = notes_.exit_text();
  failure.error = exit.empty() ? "the server process takes no more input"
                               : fmt::format("the server process {}", exit);
  if (closed_) failure.error += " (ended by us)";
  if (const auto last = notes_.last_stderr_line(); !last.empty()) {
    failure.error += fmt::format("; last stderr: {}", last);
  }
  return failure;
}

void StdioChannel::Core::submit(std::shared_ptr<PendingCall> call) {
  if (!call->claim(PendingCall::Way::handed_over)) return;
  if (dead_ || closed_) {
    call->mailbox->fail(failure(Delivery::not_sent, call->method));
    return;
  }
  switchboard_.add(call);
  tasks_.spawn(write(shared_from_this(), std::move(call)));
}

awaitable<void> StdioChannel::Core::write(
    std::shared_ptr<Core> self, std::shared_ptr<PendingCall> call
) {
  auto written = co_await self->child_->write(std::move(call->bytes));
  if (written) co_return;
  call->write_failed = true;
  // Most likely it is dying, and how it ended is the better explanation.
  co_await self->buried_.wait(self->after(exit_grace));
  if (self->dead_ || !self->switchboard_.remove(call->id)) co_return;
  auto failure = self->failure(Delivery::not_sent, call->method);
  failure.error += ": " + written.error().detail;
  call->mailbox->fail(std::move(failure));
}

void StdioChannel::Core::forget(const std::string& id) { switchboard_.remove(id); }

awaitable<std::optional<Failure>> StdioChannel::Core::notify(
    std::shared_ptr<Core> self, std::string bytes
) {
  const auto method = protocol::string_member(bytes, "method");
  if (self->dead_ || self->closed_) co_return self->failure(Delivery::not_sent, method);
  // A process that does not read blocks the writer, not who asked for it: that one waits for
  // `timeout`.
  auto result = std::make_shared<std::optional<Failure>>();
  auto done = std::make_shared<io::Event>(self->home_.executor(), self->home_.timers());
  self->tasks_.spawn(write_notice(self, std::move(bytes), result, done));
  if (co_await done->wait(self->after(self->timeout_))) {
    if (*result) (*result)->method = method;
    co_return std::move(*result);
  }
  auto failure = self->failure(Delivery::unknown, method);
  failure.timed_out = true;
  co_return failure;
}

awaitable<void> StdioChannel::Core::write_notice(
    std::shared_ptr<Core> self, std::string bytes, std::shared_ptr<std::optional<Failure>> result,
    std::shared_ptr<io::Event> done
) {
  auto written = co_await self->child_->write(std::move(bytes));
  if (!written) {
    co_await self->buried_.wait(self->after(exit_grace));
    *result = self->failure(Delivery::not_sent, {});
  }
  done->set();
}

void StdioChannel::Core::take_line(std::string line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return;
  if (line[first] != '{' && line[first] != '[') {
    notes_.add_noise(line);
    return;
  }
  auto beginning = line.substr(0, ProcessNotes::noise_bytes);
  auto messages = parse_messages(std::move(line));
  if (!messages) {
    notes_.add_noise(beginning);
    return;
  }
  for (auto& message : *messages) switchboard_.take(std::move(message));
}

void StdioChannel::Core::fail_oversized(const std::string& id) {
  auto call = switchboard_.remove(id);
  if (!call) {
    core::log::warn(
        "transport", "process {}: a line over limits.buffer_bytes ({} bytes) was dropped", pid_,
        buffer_bytes_
    );
    return;
  }
  Failure failure;
  failure.method = call->method;
  failure.stage = recovery::Stage::body;
  failure.response_begun = true;
  failure.error = fmt::format("the answer is over limits.buffer_bytes ({} bytes)", buffer_bytes_);
  call->mailbox->fail(std::move(failure));
}

void StdioChannel::Core::listen(std::shared_ptr<Mailbox> listener) {
  if (const auto former = switchboard_.listen(listener)) {
    former->fail(failure(Delivery::not_sent, {}));
  }
  if (!dead_ && !closed_) return;
  switchboard_.unlisten(listener);
  listener->fail(failure(Delivery::not_sent, {}));
}

void StdioChannel::Core::unlisten(const std::shared_ptr<Mailbox>& listener) {
  switchboard_.unlisten(listener);
}

awaitable<void> StdioChannel::Core::close(std::shared_ptr<Core> self) {
  if (self->closed_.exchange(true)) {
    co_await self->gone_.wait();
    co_return;
  }
  co_await self->child_->terminate();
  co_await self->tasks_.join();
  self->gone_.set();
}

}  // namespace mooring::transport
