#include "io/stdio.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <deque>

#include "io/async.hpp"

namespace mooring::io {

namespace {

/// A duplicate of a descriptor that remembers how it found the original. Files and /dev/null cannot
/// be polled: they are read and written directly, which does not block.
struct Descriptor {
  Descriptor(Worker& worker, int fd) : stream(worker.context()) {
    original = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (original < 0) return;
    flags = ::fcntl(original, F_GETFL);
    boost::system::error_code error;
    stream.assign(original, error);
    pollable = !error;
    if (pollable) stream.non_blocking(true, error);
  }
  ~Descriptor() {
    if (original < 0) return;
    if (flags >= 0) ::fcntl(original, F_SETFL, flags);
    if (!pollable) ::close(original);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  asio::posix::stream_descriptor stream;
  int original = -1;
  int flags = -1;
  bool pollable = false;
};

}  // namespace

struct Stdio::Impl : std::enable_shared_from_this<Stdio::Impl> {
  Impl(Worker& worker, int input, int output)
      : in(worker, input),
        out(worker, output),
        executor(worker.executor()),
        written(worker.executor(), worker.timers()),
        buffer(std::size_t{64} << 10, '\0') {}

  awaitable<std::string_view> read_some() {
    if (stopped || in.original < 0) co_return std::string_view{};
    if (!in.pollable) {
      const auto got = ::read(in.original, buffer.data(), buffer.size());
      co_return std::string_view(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    const auto [error, got] = co_await in.stream.async_read_some(
        asio::buffer(buffer), asio::as_tuple(asio::use_awaitable)
    );
    co_return std::string_view(buffer.data(), error ? 0 : got);
  }

  std::uint64_t queue(std::string bytes) {
    if (broken) return 0;
    last_queued += bytes.size();
    pending.push_back(std::move(bytes));
    if (!pumping) {
      pumping = true;
      asio::co_spawn(executor, pump(shared_from_this()), [](const std::exception_ptr&) {});
    }
    return last_queued;
  }

  static awaitable<void> pump(std::shared_ptr<Impl> self) {
    while (!self->pending.empty() && !self->broken) {
      const std::string bytes = std::move(self->pending.front());
      self->pending.pop_front();
      co_await self->put(bytes);
      self->last_written += bytes.size();
      self->written.notify();
    }
    self->pumping = false;
    self->written.notify();
  }

  awaitable<void> put(std::string_view bytes) {
    while (!bytes.empty() && !broken) {
      if (out.pollable) {
        const auto [error, put] = co_await out.stream.async_write_some(
            asio::buffer(bytes), asio::as_tuple(asio::use_awaitable)
        );
        if (error) broken = true;
        bytes.remove_prefix(put);
        continue;
      }
      const auto put = ::write(out.original, bytes.data(), bytes.size());
      if (put < 0 && errno != EINTR) broken = true;
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  awaitable<void> wait_for(
      std::uint64_t place, std::optional<core::TimePoint> until = std::nullopt
  ) {
    while (!broken && last_written < place) {
      if (!co_await written.wait(until)) co_return;
    }
  }

  Descriptor in, out;
  asio::any_io_executor executor;
  Event written;
  std::string buffer;
  std::deque<std::string> pending;
  std::uint64_t last_queued = 0, last_written = 0;
  bool pumping = false, broken = false, stopped = false;
};

Stdio::Stdio(Worker& worker, int in, int out) : impl_(std::make_shared<Impl>(worker, in, out)) {}

Stdio::~Stdio() { stop(); }

awaitable<std::string_view> Stdio::read_some() {
  const auto impl = impl_;
  co_return co_await impl->read_some();
}

void Stdio::write(std::string bytes) { impl_->queue(std::move(bytes)); }

awaitable<void> Stdio::write_all(std::string bytes) {
  const auto impl = impl_;
  const auto place = impl->queue(std::move(bytes));
  co_await impl->wait_for(place);
}

awaitable<void> Stdio::flush(core::TimePoint until) {
  const auto impl = impl_;
  co_await impl->wait_for(impl->last_queued, until);
}

std::size_t Stdio::queued() const { return impl_->last_queued - impl_->last_written; }

void Stdio::stop() {
  impl_->stopped = true;
  boost::system::error_code ignored;
  if (impl_->in.pollable) impl_->in.stream.cancel(ignored);
}

}  // namespace mooring::io
