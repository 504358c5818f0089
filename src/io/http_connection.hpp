#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
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
};

/// One accepted socket: reads requests by hand, one after the other, and is the exchange that the
/// handler sees.
///
/// One read is in flight at most. While the handler works it is started only when somebody wants to
/// know whether the peer is still there; bytes of the next request that come that way wait in the
/// buffer.
class HttpConnection final : public HttpExchange,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  HttpConnection(std::shared_ptr<HttpServerState> server, Socket socket);
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
  bool peer_gone() const override { return eof_ || closed_; }
  void on_peer_gone(std::function<void()> gone) override;

 private:
  enum class Phase { idle, header, body, work, write, linger };
  enum class Answer { none, streaming, done };
  struct ReadDone;
  using Pieces = std::array<std::string_view, 3>;

  awaitable<bool> serve_one();
  awaitable<bool> read_head();
  awaitable<bool> read_body();
  awaitable<bool> refuse_body();
  awaitable<bool> call_handler();
  awaitable<bool> fail_request(int status, std::string text);
  awaitable<void> linger();

  void enter(Phase phase);
  std::size_t feed();
  bool start_read();
  void read_finished(const boost::system::error_code& error, std::size_t count);
  awaitable<bool> more();
  void tell_peer_gone();

  bool write_now(Pieces& pieces);
  awaitable<bool> write_all(Pieces pieces);
  bool suppresses_body(int status) const;
  ResponseFraming::Connection connection_header() const;

  std::shared_ptr<HttpServerState> server_;
  Socket socket_;
  std::string remote_;
  HttpRequestParser parser_;
  std::vector<char> in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::string out_;
  std::vector<std::function<void()>> gone_;
  std::move_only_function<void(bool)> reader_;  ///< goes on with who waits for bytes
  std::size_t served_ = 0;                      ///< requests that the handler is done with
  core::TimePoint deadline_ = core::TimePoint::max();
  Phase phase_ = Phase::idle;
  Answer answer_ = Answer::none;
  bool stream_chunked_ = false;
  bool stream_silent_ = false;  ///< a HEAD request: the body is swallowed
  bool close_after_ = false;
  bool reading_ = false;
  bool eof_ = false;
  bool closed_ = false;
  bool timed_out_ = false;
  bool grow_ = false;  ///< the last read filled the buffer
};

}  // namespace mooring::io
