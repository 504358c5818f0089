#include "server/stdio_door.hpp"

#include <fmt/format.h>

#include <set>

#include "core/log.hpp"
#include "io/async.hpp"
#include "io/stdio.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/line_framer.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "server/batch.hpp"
#include "server/modern_request.hpp"

namespace mooring::server {

using protocol::Frame;

struct StdioDoor::Impl : std::enable_shared_from_this<StdioDoor::Impl> {
  Impl(io::Worker& w, gateway::Service& s, std::string e, std::size_t max_line)
      : worker(w),
        service(s),
        endpoint(std::move(e)),
        framer(max_line),
        stdio(w),
        tasks(w.executor()) {}

  void take(std::string line);
  void take_frame(Frame frame);
  void take_modern(Frame frame);
  void end_listens();
  awaitable<void> serve(gateway::ClientSessionPtr of, Frame frame);
  awaitable<void> open(Frame frame);
  void listen();
  awaitable<void> serve_all(std::vector<Frame> requests);
  void say(std::string_view message) { stdio.write(protocol::one_line(message) + "\n"); }

  io::Worker& worker;
  gateway::Service& service;
  std::string endpoint;
  protocol::LineFramer framer;
  io::Stdio stdio;
  io::TaskGroup tasks;
  gateway::ClientSessionPtr session;  ///< of a legacy client; empty before its `initialize`
  gateway::ClientSessionPtr modern;   ///< of the last modern request; empty before the first
  std::set<std::string> listens;      ///< raw ids of its listens, which would stand for ever
  bool opening = false;
  std::vector<std::string> held;  ///< came while `initialize` was being answered
  std::size_t held_bytes = 0;
  core::Duration patience{0};
  std::function<void()> give_up;
  bool draining = false;
};

namespace {

/// Everything goes to stdout, whole lines, in the order in which it is said.
constexpr core::Duration flush_time =
    std::chrono::seconds(2);  ///< for a client that has stopped reading
constexpr std::size_t max_unread = std::size_t{16} << 20;  ///< of notifications nobody reads
constexpr std::size_t max_parts = std::size_t{64} << 20;   ///< of a result that flows in

std::string line_of(std::string message) {
  if (!protocol::is_one_line(message)) message = protocol::one_line(message);
  return std::move(message += '\n');
}

class LineResponder final : public gateway::Responder {
 public:
  LineResponder(io::Stdio& out, std::string id) : out_(out), id_(std::move(id)) {}

  awaitable<void> send(std::string message) override {
    co_await out_.write_all(line_of(std::move(message)));
  }
  awaitable<void> finish(std::string response) override {
    co_await out_.write_all(line_of(std::move(response)));
  }
  // A line cannot be taken back: a result that breaks off must not be begun.
  awaitable<bool> finish_part(std::string_view bytes) override {
    if (parts_.size() + bytes.size() > max_parts) co_return false;
    parts_ += bytes;
    co_return true;
  }
  awaitable<void> finish_end(bool ok) override {
    co_await finish(ok ? std::move(parts_) : gateway::broken_result(id_));
  }

 private:
  io::Stdio& out_;
  std::string id_;
  std::string parts_;
};

}  // namespace

StdioDoor::StdioDoor(
    io::Worker& worker, gateway::Service& service, std::string endpoint, std::size_t max_line_bytes
)
    : impl_(std::make_shared<Impl>(worker, service, std::move(endpoint), max_line_bytes)) {}

StdioDoor::~StdioDoor() = default;

void StdioDoor::stop() { impl_->stdio.stop(); }

bool StdioDoor::draining() const { return impl_->draining; }

void StdioDoor::limit_drain(core::Duration patience, std::function<void()> give_up) {
  impl_->patience = patience;
  impl_->give_up = std::move(give_up);
}

awaitable<void> StdioDoor::run() {
  for (;;) {
    const auto bytes = co_await impl_->stdio.read_some();
    if (bytes.empty()) break;
    auto dropped = impl_->framer.dropped();
    impl_->framer.feed(bytes);
    while (auto line = impl_->framer.next()) impl_->take(std::move(*line));
    for (; dropped != impl_->framer.dropped(); ++dropped) {
      impl_->say(protocol::make_error(
          {}, protocol::invalid_request, "the message is larger than limits.request_bytes"
      ));
    }
  }
  impl_->draining = true;
  impl_->end_listens();
  auto& timers = impl_->worker.timers();
  const auto limit =
      impl_->give_up ? timers.arm_after(impl_->patience, impl_->give_up) : core::Timers::Id{};
  co_await impl_->tasks.join();
  timers.cancel(limit);
  if (impl_->session) {
    impl_->service.unlisten(impl_->session);
    impl_->service.end(impl_->session);
  }
  co_await impl_->stdio.flush(impl_->worker.timers().now() + flush_time);
}

void StdioDoor::Impl::take(std::string line) {
  // Scripts write all they have to say at once.
  if (opening && held_bytes + line.size() <= max_parts) {
    held_bytes += line.size();
    held.push_back(std::move(line));
    return;
  }
  if (protocol::is_batch(line)) {
    if (!session || session->version != protocol::Version::v2025_03_26) {
      return say(protocol::make_error(
          {}, protocol::invalid_request,
          "batches are only served in sessions of protocol 2025-03-26"
      ));
    }
    auto messages = read_batch(std::move(line), 256);
    if (!messages)
      return say(
          protocol::make_error(messages.error().id, messages.error().code, messages.error().message)
      );
    std::vector<Frame> requests;
    for (auto& message : *messages) {
      if (message.is_request()) {
        requests.push_back(std::move(message));
      } else {
        service.notice(session, std::move(message));
      }
    }
    if (!requests.empty()) tasks.spawn(serve_all(std::move(requests)));
    return;
  }
  auto frame = Frame::parse(std::move(line));
  if (!frame)
    return say(protocol::make_error(frame.error().id, frame.error().code, frame.error().message));
  take_frame(std::move(*frame));
}

void StdioDoor::Impl::take_frame(Frame frame) {
  if (protocol::claims_modern(frame)) return take_modern(std::move(frame));
  const bool cancels_modern =
      modern && frame.is_notification() && frame.method() == "notifications/cancelled";
  if (cancels_modern && !session) return service.notice(modern, std::move(frame));
  if (frame.is_request() && frame.method() == "initialize" && !session && !opening) {
    opening = true;
    tasks.spawn(open(std::move(frame)));
  } else if (frame.is_request() && frame.method() == "ping") {
    say(protocol::make_result(frame.id(), "{}"));
  } else if (!session) {
    if (frame.is_request())
      say(protocol::make_error(frame.id(), protocol::invalid_request, "send initialize first"));
  } else if (frame.is_request()) {
    tasks.spawn(serve(session, std::move(frame)));
  } else {
    if (cancels_modern) service.notice(modern, frame);
    service.notice(session, std::move(frame));
  }
}

/// Each request stands for itself, also beside a legacy session of the same process. All have one
/// key: their ids are of one client.
void StdioDoor::Impl::take_modern(Frame frame) {
  if (frame.is_request()) {
    auto of = modern_session(frame, "stdio-modern", endpoint, {});
    if (!of) return say(of.error());
    modern = std::make_shared<const gateway::ClientSession>(std::move(*of));
    if (frame.method() == "subscriptions/listen") listens.emplace(frame.id());
    tasks.spawn(serve(modern, std::move(frame)));
    if (draining) end_listens();
  } else if (modern && frame.method() == "notifications/cancelled") {
    service.notice(modern, std::move(frame));
  }
}

void StdioDoor::Impl::end_listens() {
  for (const auto& id : std::exchange(listens, {})) {
    auto cancelled = Frame::parse(protocol::make_notification(
        "notifications/cancelled", fmt::format(R"({{"requestId":{}}})", id)
    ));
    if (cancelled) service.notice(modern, std::move(*cancelled));
  }
}

awaitable<void> StdioDoor::Impl::open(Frame frame) {
  auto opened = co_await service.open(std::move(frame), endpoint, {});
  opening = false;
  if (opened.session) {
    // This session ends with the process: its id travels nowhere.
    auto here = *opened.session;
    here.id.clear();
    session = std::make_shared<const gateway::ClientSession>(std::move(here));
  }
  say(opened.response);
  if (session) listen();
  held_bytes = 0;
  for (auto& line : std::exchange(held, {})) take(std::move(line));
}

void StdioDoor::Impl::listen() {
  // A notification may be on its way here when the door is gone.
  service.listen(session, [weak = weak_from_this(), &owner = worker](std::string message) {
    owner.post([weak, message = std::move(message)] {
      const auto self = weak.lock();
      if (self && self->stdio.queued() < max_unread) self->say(message);
    });
  });
}

awaitable<void> StdioDoor::Impl::serve(gateway::ClientSessionPtr of, Frame frame) {
  const std::string id(frame.id());
  const auto responder = std::make_shared<LineResponder>(stdio, id);
  const bool listen = of->modern() && frame.method() == "subscriptions/listen";
  co_await service.request(std::move(of), std::move(frame), responder);
  if (listen) listens.erase(id);
}

awaitable<void> StdioDoor::Impl::serve_all(std::vector<Frame> requests) {
  co_await serve_batch(
      worker, service, session, std::move(requests),
      std::make_shared<LineResponder>(stdio, std::string())
  );
}

}  // namespace mooring::server
