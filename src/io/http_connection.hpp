#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/async.hpp"
#include "io/http_head.hpp"
#include "io/http_request_parser.hpp"
#include "io/http_server.hpp"
#include "io/tcp_socket.hpp"

namespace mooring::io {

class HttpConnection;

/// What the connections of one server share. Lives as long as any of them.
struct HttpServerState {
  HttpServerState(Worker& w, HttpServerLimits l, HttpHandler h)
      : worker(w), limits(l), handler(std::move(h)), tasks(w.executor()) {}

  Worker& worker;
  HttpServerLimits limits;
  HttpHandler handler;
  TaskGroup tasks;
  std::list<HttpConnection*> connections;
  std::list<HttpConnection*> refused;  ///< over the limit: these get a 503 and no service
  std::atomic<std::size_t> open = 0;   ///< connections.size(), for other threads
  bool draining = false;
  core::Timers::Id sweep = 0;
  /// For every read. What it brings is worked off before anything is waited for, so that one does
  /// for all, and an idle connection has none.
  std::vector<char> in = std::vector<char>(std::size_t{64} * 1024);
  std::string out;  ///< likewise, for answers that go out in one write
};

/// One accepted socket: reads requests by hand, one after the other, and is the exchange that the
/// handler sees.
///
/// While the handler works nothing is read: the poller tells when the peer hangs up, and the next
/// request waits in the kernel.
class HttpConnection final : public HttpExchange,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  /// Takes over an accepted, non-blocking descriptor.
  HttpConnection(std::shared_ptr<HttpServerState> server, int descriptor);
  ~HttpConnection() override;

  /// Serves until the connection ends.
  awaitable<void> run();
  /// Says 503 and closes.
  awaitable<void> refuse();

  void close() override;  ///< at once; a working handler learns that its peer is gone
  void reset() override;
  bool idle() const { return phase_ == Phase::idle; }
  void expire(core::TimePoint now);  ///< acts on a deadline that has passed

  // HttpExchange
  std::string_view method() const override { return parser_.method(); }
  std::string_view target() const override { return parser_.target(); }
  std::string_view path() const override;
  std::string_view query() const override;
  std::string_view header(std::string_view name) const override {
    return parser_.fields().find(name);
  }
  bool has_header(std::string_view name) const override { return parser_.fields().has(name); }
  std::vector<HeaderField> headers() const override;
  std::string_view remote_address() const override { return remote_; }
  std::size_t served_before() const override { return served_; }
  std::string& body() override { return parser_.body(); }
  awaitable<bool> respond(int status, std::span<const HeaderField> headers, std::string_view body)
      override;
  awaitable<bool> begin_stream(int status, std::span<const HeaderField> headers) override;
  awaitable<bool> write(std::string_view bytes) override;
  awaitable<bool> end_stream() override;
  bool responded() const override { return answer_ != Answer::none; }
  bool peer_gone() const override { return left_ || eof_ || closed_; }
  void on_peer_gone(std::function<void()> gone) override;

 private:
  enum class Phase { idle, header, body, work, write, linger };
  enum class Answer { none, streaming, done };
  /// What a request needs next.
  enum class Step { bytes, permission, handler, refusal, blame, excuse, end };
  using Pieces = std::array<std::string_view, 3>;

  void begin_request();
  void let_go_of_memory();
  Step next_step();
  Step step_of_head();
  Step step_of_body();
  awaitable<Step> otherwise(Step step);
  awaitable<bool> refuse_body();
  awaitable<bool> after_handler();
  awaitable<bool> fail_request(int status, std::string text);
  awaitable<void> linger();

  void enter(Phase phase);
  awaitable<void> wait_for_bytes();
  bool read();
  void feed();
  std::string_view unread() const { return std::string_view(rest_).substr(rest_begin_); }
  void hung_up();
  void tell_peer_gone();

  bool write_now(Pieces& pieces);
  awaitable<bool> write_all(Pieces pieces);
  bool suppresses_body(int status) const;
  ResponseFraming::Connection connection_header() const;

  std::shared_ptr<HttpServerState> server_;
  TcpSocket socket_;
  std::string remote_;
  HttpRequestParser parser_;
  std::string_view fresh_;  ///< what was just read, in the server's buffer
  std::string rest_;        ///< read, and not the parser's yet, from `rest_begin_` on
  std::size_t rest_begin_ = 0;
  std::string out_;
  std::vector<std::function<void()>> gone_;
  std::size_t served_ = 0;  ///< requests that the handler is done with
  core::TimePoint deadline_ = core::TimePoint::max();
  Phase phase_ = Phase::idle;
  Answer answer_ = Answer::none;
  bool permitted_ = false;  ///< to send its body
  bool at_rest_ = false;    ///< it has been idle for a while
  bool stream_chunked_ = false;
  bool stream_silent_ = false;  ///< a HEAD request: the body is swallowed
  bool close_after_ = false;
  bool eof_ = false;
  bool left_ = false;  ///< the peer hung up, and somebody was told
  bool closed_ = false;
  bool timed_out_ = false;
};

}  // namespace mooring::io
