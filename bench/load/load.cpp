#include "load/load.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace mooring::bench {

namespace {

constexpr std::uint64_t first_id = 1'000'000'000;  // ids of one width keep the request's length
constexpr std::uint64_t ids_of_all = 8'999'999'999;
constexpr std::int64_t a_second = 1'000'000'000;
constexpr std::int64_t drain_time = 2 * a_second;
constexpr int tick_ms = 100;
constexpr std::uint64_t hopeless = 1000;  // errors without a right answer between them

std::int64_t clock_now() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * a_second + time.tv_nsec;
}

std::int64_t nanoseconds(std::chrono::duration<double> seconds) {
  return static_cast<std::int64_t>(seconds.count() * static_cast<double>(a_second));
}

}  // namespace

Load::Load(const LoadOptions& options)
    : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(64 * 1024, '\0') {}

Result<LoadReport> Load::run() {
  now_ = clock_now();
  if (auto opened = open_all(); !opened) return std::unexpected(std::move(opened.error()));
  std::int64_t until = now_ + nanoseconds(options_.timeout);
  std::int64_t ticked = now_;
  for (;;) {
    const auto left = std::max<std::int64_t>(0, (until - now_) / 1'000'000 + 1);
    const int wait = static_cast<int>(std::min<std::int64_t>(left, tick_ms));
    if (auto done = turn(wait); !done) return std::unexpected(std::move(done.error()));
    if (now_ - ticked >= tick_ms * std::int64_t{1'000'000}) {
      ticked = now_;
      if (auto checked = expire(); !checked) return std::unexpected(std::move(checked.error()));
    }
    if (phase_ == Phase::handshake) {
      if (ready_ < clients_.size()) continue;
      phase_ = Phase::warmup;
      until = now_ + nanoseconds(options_.warmup);
    }
    if (phase_ == Phase::warmup && now_ >= until) {
      start_measuring();
      until = now_ + nanoseconds(options_.seconds);
    }
    if (!calling_) {
      calling_ = true;
      for (auto& client : clients_) next(client);
    }
    const bool enough = options_.requests > 0 && issued_ >= options_.requests;
    if (phase_ == Phase::measure && (now_ >= until || (enough && waiting_ == 0))) {
      stop_measuring();
      until = now_ + drain_time;
    }
    if (phase_ == Phase::drain && (waiting_ == 0 || now_ >= until)) return std::move(report_);
  }
}

Result<void> Load::open_all() {
  clients_.reserve(options_.connections);
  for (unsigned i = 0; i < options_.connections; ++i) {
    clients_.emplace_back(options_, first_id + i * (ids_of_all / options_.connections));
    if (auto opened = open(clients_.back()); !opened) return opened;
    if (options_.sse) {
      if (auto attached = attach(clients_.back()); !attached) return attached;
    }
    clients_.back().begin();
    ++waiting_;
  }
  return {};
}

Result<void> Load::open(Client& client) {
  if (auto connected = client.connect(); !connected) return connected;
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = &client;
  client.polls_out = true;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd(), &event) != 0) {
    return fail(Reason::io, fmt::format("epoll: {}", std::strerror(errno)));
  }
  return {};
}

Result<void> Load::attach(Client& client) {
  if (auto attached = client.attach(); !attached) return attached;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = &client;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.stream_fd(), &event) != 0) {
    return fail(Reason::io, fmt::format("epoll: {}", std::strerror(errno)));
  }
  return {};
}

Result<void> Load::turn(int wait_ms) {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), wait_ms);
  now_ = clock_now();
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    auto served = serve(*static_cast<Client*>(event.data.ptr), event.events);
    if (!served) return served;
  }
  return {};
}

Result<void> Load::serve(Client& client, std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
    const auto read = client.read(buffer_);
    if (read == Client::Read::broken) {
      return failed(client, client.waiting() ? "the connection broke" : "");
    }
    if (read == Client::Read::answer) return answered(client);
  }
  if ((events & EPOLLOUT) != 0) {
    if (!client.has_unsent()) {
      poll_out(client, false);
    } else if (!send(client)) {
      return failed(client, "the connection broke while it was written to");
    }
  }
  return {};
}

Result<void> Load::answered(Client& client) {
  const auto step = client.step();
  const auto form = client.form();
  now_ = clock_now();
  --waiting_;
  if (auto wrong = client.judge(); !wrong.empty()) return failed(client, std::move(wrong));
  if (client.wants_new_connection()) {
    ++report_.reconnects;
    if (auto opened = open(client); !opened) return opened;
  }
  if (step == Client::Step::call) {
    lost_in_a_row_ = 0;
    if (phase_ == Phase::measure) {
      report_.bytes += client.answer_bytes();
      report_.latency.add(static_cast<std::uint64_t>(now_ - client.began));
      ++(form == Client::Form::json ? report_.as_json : report_.as_events);
    }
    next(client);
  } else if (client.step() == Client::Step::call) {
    ++ready_;  // `run` lets everybody go at once
  } else {
    client.began = now_;
    client.begin();
    ++waiting_;
    send(client);
  }
  return {};
}

/// The next call, if there is to be one. What cannot be written shows at the next read.
void Load::next(Client& client) {
  if (!may_call() || (options_.requests > 0 && issued_ >= options_.requests)) return;
  if (phase_ == Phase::measure) ++issued_;
  client.began = now_;
  client.begin();
  ++waiting_;
  send(client);
}

bool Load::send(Client& client) {
  if (!client.write()) return false;
  if (client.has_unsent() != client.polls_out) poll_out(client, client.has_unsent());
  return true;
}

void Load::poll_out(Client& client, bool on) {
  epoll_event event = {};
  event.events = on ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &client;
  client.polls_out = on;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.fd(), &event);
}

/// Counts it and goes on with a new connection. `what` empty: an idle connection was closed, which
/// is nobody's fault.
Result<void> Load::failed(Client& client, std::string what) {
  if (client.waiting()) --waiting_;
  client.forget_call();
  if (!what.empty()) {
    if (phase_ == Phase::handshake) return fail(Reason::protocol, "the handshake failed: " + what);
    if (options_.sse) return fail(Reason::protocol, std::move(what));  // its session went with it
    ++report_.errors;
    if (report_.first_error.empty()) report_.first_error = std::move(what);
    if (++lost_in_a_row_ >= hopeless) {
      return fail(Reason::protocol, "nothing but errors: " + report_.first_error);
    }
  }
  ++report_.reconnects;
  if (auto opened = open(client); !opened) return opened;
  next(client);
  return {};
}

Result<void> Load::expire() {
  const auto oldest = now_ - nanoseconds(options_.timeout);
  for (auto& client : clients_) {
    if (!client.waiting() || client.began == 0 || client.began > oldest) continue;
    if (auto done = failed(client, "a call took too long"); !done) return done;
  }
  return {};
}

void Load::start_measuring() {
  phase_ = Phase::measure;
  own_before_ = use_of_this_process();
  if (options_.watched != 0) watched_before_ = use_of_process(options_.watched);
  report_.errors = report_.reconnects = 0;
  report_.first_error.clear();
  measured_from_ = now_ = clock_now();
}

void Load::stop_measuring() {
  phase_ = Phase::drain;
  now_ = clock_now();
  report_.seconds = static_cast<double>(now_ - measured_from_) / static_cast<double>(a_second);
  report_.own_cpu_seconds = use_of_this_process().cpu_seconds - own_before_.cpu_seconds;
  if (!watched_before_) return;
  const auto use = use_of_process(options_.watched);
  if (!use) return;
  report_.watched = LoadReport::Watched{
      use->cpu_seconds - watched_before_->cpu_seconds, use->rss_bytes, use->peak_rss_bytes
  };
}

}  // namespace mooring::bench
