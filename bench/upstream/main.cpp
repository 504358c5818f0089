// mooring-bench-upstream: the cheapest MCP server there can be, for measuring what stands before
// it.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "upstream/fixed_answers.hpp"
#include "wire/http_message.hpp"
#include "wire/socket.hpp"

namespace mooring::bench {

namespace {

constexpr std::string_view usage =
    "mooring-bench-upstream [--stdio | --listen HOST:PORT] [--tools N] [--text-bytes N]\n"
    "POST /mcp answers with JSON, POST /events with event streams.\n";

struct Options {
  Loopback listen{"127.0.0.1", 0};
  bool stdio = false;
  unsigned tools = 1;
  std::size_t text_bytes = 64;
};

class Connection {
 public:
  explicit Connection(Fd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }

  /// False: the connection is over.
  bool serve(const FixedAnswers& answers, std::string& buffer) {
    for (;;) {
      const auto size = ::recv(fd(), buffer.data(), buffer.size(), 0);
      if (size == 0) return false;
      if (size < 0) return errno == EAGAIN || errno == EINTR;
      std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
      while (!bytes.empty()) {
        bytes.remove_prefix(request_.feed(bytes));
        if (request_.state() == HttpMessage::State::broken) return false;
        if (!request_.done()) continue;
        answers.answer(request_.method(), request_.target(), request_.body(), out_);
        request_.reset();
      }
      if (!write()) return false;
      if (static_cast<std::size_t>(size) < buffer.size()) return true;
    }
  }

  bool write() {
    while (sent_ < out_.size()) {
      const auto size = ::send(fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
      if (size < 0) return errno == EAGAIN || errno == EINTR;
      sent_ += static_cast<std::size_t>(size);
    }
    out_.clear();
    sent_ = 0;
    return true;
  }
  bool has_unsent() const { return sent_ < out_.size(); }

 private:
  Fd socket_;
  HttpMessage request_{HttpMessage::Kind::request};
  std::string out_;
  std::size_t sent_ = 0;
};

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && at == text.data() + text.size();
}

Result<Options> parse(int argc, char** argv) {
  Options options;
  int i = 1;
  if (argc > 1 && std::string_view(argv[1]) == "--stdio") {
    options.stdio = true;
    i = 2;
  }
  for (; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i], value = argv[i + 1];
    if (name == "--listen") {
      auto at = parse_loopback(value);
      if (!at) return std::unexpected(std::move(at.error()));
      options.listen = std::move(*at);
    } else if (!(name == "--tools" && read_number(value, options.tools)) &&
               !(name == "--text-bytes" && read_number(value, options.text_bytes))) {
      return fail(Reason::usage, std::string(usage));
    }
  }
  if (i != argc) return fail(Reason::usage, std::string(usage));
  return options;
}

/// One client on stdin and stdout, until it closes.
Result<void> serve_lines(const FixedAnswers& answers) {
  std::string buffer(64 * 1024, '\0'), line, out;
  for (;;) {
    const auto size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return {};
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      line.append(bytes.substr(0, end));
      answers.answer_line(line, out);
      line.clear();
      bytes.remove_prefix(end + 1);
    }
    line.append(bytes);
    for (std::string_view rest = out; !rest.empty();) {
      const auto sent = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return {};
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    out.clear();
  }
}

class Server {
 public:
  explicit Server(const Options& options)
      : answers_(options.tools, options.text_bytes), at_(options.listen) {}

  Result<void> run() {
    auto listener = listen_at(at_);
    if (!listener) return std::unexpected(std::move(listener.error()));
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigaddset(&ends, SIGINT);
    ::sigprocmask(SIG_BLOCK, &ends, nullptr);
    const Fd signals(::signalfd(-1, &ends, SFD_CLOEXEC));
    watch(EPOLL_CTL_ADD, listener->get(), EPOLLIN);
    watch(EPOLL_CTL_ADD, signals.get(), EPOLLIN);
    fmt::print(stderr, "listening http://{}\n", at_.authority());
    std::string buffer(64 * 1024, '\0');
    for (;;) {
      std::array<epoll_event, 256> events;
      const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == signals.get()) return {};
        if (event.data.fd == listener->get()) {
          accept(*listener);
        } else {
          serve(event.data.fd, event.events, buffer);
        }
      }
    }
  }

 private:
  void watch(int operation, int fd, std::uint32_t what) {
    epoll_event event = {};
    event.events = what;
    event.data.fd = fd;
    ::epoll_ctl(epoll_.get(), operation, fd, &event);
  }

  void accept(const Fd& listener) {
    while (auto socket = accept_from(listener)) {
      const int fd = socket.get();
      connections_.insert_or_assign(fd, std::make_unique<Connection>(std::move(socket)));
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void serve(int fd, std::uint32_t events, std::string& buffer) {
    const auto found = connections_.find(fd);
    if (found == connections_.end()) return;
    auto& connection = *found->second;
    const bool was_full = connection.has_unsent();
    bool open = true;
    if ((events & EPOLLOUT) != 0) open = connection.write();
    if (open && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
      open = connection.serve(answers_, buffer);
    }
    if (!open) {
      connections_.erase(found);
    } else if (connection.has_unsent() != was_full) {
      watch(EPOLL_CTL_MOD, fd, connection.has_unsent() ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }

  FixedAnswers answers_;
  Loopback at_;
  Fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
};

}  // namespace

}  // namespace mooring::bench

int main(int argc, char** argv) {
  using namespace mooring::bench;
  allow_many_sockets();
  const auto options = parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "mooring-bench-upstream: {}\n", options.error().detail);
    return 2;
  }
  const auto ended = options->stdio ? serve_lines(FixedAnswers(options->tools, options->text_bytes))
                                    : Server(*options).run();
  if (!ended) {
    fmt::print(stderr, "mooring-bench-upstream: {}\n", ended.error().detail);
    return 1;
  }
  return 0;
}
