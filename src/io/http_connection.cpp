#include "io/http_connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <exception>

#include "core/log.hpp"

namespace mooring::io {

namespace {
constexpr std::size_t first_buffer = 4 * 1024;
constexpr std::size_t largest_buffer = 64 * 1024;
constexpr std::size_t idle_buffer = 16 * 1024;
constexpr std::size_t copied_body =
    16 * 1024;  // a larger one is gathered instead of copied behind the head
constexpr core::Duration linger_time = std::chrono::seconds(2);
}  // namespace

/// Completes a read. Destroyed unused when the event loop goes away: then the waiting coroutine
/// goes with it.
struct HttpConnection::ReadDone {
  std::shared_ptr<HttpConnection> connection;

  explicit ReadDone(std::shared_ptr<HttpConnection> c) : connection(std::move(c)) {}
  ReadDone(ReadDone&&) = default;
  ReadDone& operator=(ReadDone&&) = delete;
  ~ReadDone() {
    if (!connection) return;
    const auto dropped = std::exchange(connection->reader_, nullptr);
  }
  void operator()(const boost::system::error_code& error, std::size_t count) {
    const auto alive = std::move(connection);
    alive->read_finished(error, count);
  }
};

HttpConnection::HttpConnection(std::shared_ptr<HttpServerState> server, Socket socket)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      parser_(
          {.header_bytes = server_->limits.header_bytes, .body_bytes = server_->limits.body_bytes}
      ),
      in_(first_buffer) {
  boost::system::error_code error;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), error);
  const auto peer = socket_.remote_endpoint(error);
  if (!error) remote_ = peer.address().to_string();
}

HttpConnection::~HttpConnection() = default;

// ---- life

awaitable<void> HttpConnection::run() {
  while (co_await serve_one()) {
  }
  close();
}

awaitable<void> HttpConnection::refuse() {
  co_await fail_request(503, "too many connections");
  close();
}

void HttpConnection::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  tell_peer_gone();
}

void HttpConnection::reset() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  close();
}

void HttpConnection::enter(Phase phase) {
  phase_ = phase;
  const auto& limits = server_->limits;
  const auto in = [&](core::Duration time) { return server_->worker.timers().now() + time; };
  switch (phase) {
    case Phase::idle:
      deadline_ = in(limits.idle_timeout);
      break;
    case Phase::header:
      deadline_ = in(limits.header_timeout);
      break;
    case Phase::body:
      deadline_ = in(limits.body_timeout);
      break;
    case Phase::work:
      deadline_ = core::TimePoint::max();
      break;
    case Phase::write:
      deadline_ = in(limits.write_timeout);
      break;
    case Phase::linger:
      deadline_ = in(linger_time);
      break;
  }
}

void HttpConnection::expire(core::TimePoint now) {
  if (closed_ || timed_out_ || now < deadline_) return;
  if (phase_ != Phase::header && phase_ != Phase::body) return close();
  timed_out_ = true;  // for the reader, which may have been resumed by a byte at this very moment
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

awaitable<bool> HttpConnection::serve_one() {
  answer_ = Answer::none;
  parser_.reset();
  if (!co_await read_head()) co_return false;
  close_after_ = !parser_.keep_alive();
  if (parser_.too_large()) co_return co_await refuse_body();
  if (in_begin_ < in_end_) feed();  // nearly always it is all there
  const bool whole = parser_.state() == HttpRequestParser::State::done && !parser_.too_large();
  if (!whole && !co_await read_body()) {
    co_return parser_.too_large() && !close_after_;
  }
  co_return co_await call_handler();
}

awaitable<bool> HttpConnection::read_head() {
  enter(Phase::idle);
  for (;;) {
    if (in_begin_ < in_end_) {
      feed();
      if (parser_.state() == HttpRequestParser::State::failed) {
        co_await fail_request(parser_.error_status(), parser_.error());
        co_return false;
      }
      if (parser_.state() != HttpRequestParser::State::head) co_return true;
      if (parser_.started() && phase_ == Phase::idle) enter(Phase::header);
    }
    if (phase_ == Phase::idle && server_->draining) co_return false;
    if (co_await more()) continue;
    if (timed_out_) co_await fail_request(408, "the request header took too long");
    co_return false;
  }
}

awaitable<bool> HttpConnection::read_body() {
  using State = HttpRequestParser::State;
  if (parser_.expects_continue() && in_begin_ == in_end_) {
    if (!co_await write_all({"HTTP/1.1 100 Continue\r\n\r\n", {}, {}})) co_return false;
  }
  for (;;) {
    while (in_begin_ < in_end_ && feed() > 0 && parser_.state() == State::body) {
    }
    if (parser_.too_large()) {
      close_after_ = !co_await refuse_body();
      co_return false;
    }
    if (parser_.state() == State::done) co_return true;
    if (parser_.state() == State::failed) {
      close_after_ = true;
      co_await fail_request(parser_.error_status(), parser_.error());
      co_return false;
    }
    enter(Phase::body);
    if (co_await more()) continue;
    if (timed_out_) co_await fail_request(408, "the request body took too long");
    co_return false;
  }
}

/// Answers 413, then reads on until the next request begins; true when it may.
awaitable<bool> HttpConnection::refuse_body() {
  using State = HttpRequestParser::State;
  auto text = fmt::format("request body over {} bytes", server_->limits.body_bytes);
  // Whoever asked first will not send the body once it was told no.
  const bool unsent = parser_.expects_continue() && in_begin_ == in_end_;
  if (close_after_ || unsent || !parser_.drainable())
    co_return co_await fail_request(413, std::move(text));
  const HeaderField json{"Content-Type", "application/json"};
  const auto body = error_body(text);
  if (!co_await respond(413, {&json, 1}, body)) co_return false;
  for (;;) {
    while (in_begin_ < in_end_ && parser_.state() == State::body && feed() > 0) {
    }
    if (parser_.state() == State::done) co_return !close_after_;
    if (parser_.state() == State::failed || !parser_.drainable()) break;
    enter(Phase::body);
    if (!co_await more()) break;
  }
  timed_out_ = false;
  co_await linger();
  co_return false;
}

awaitable<bool> HttpConnection::call_handler() {
  enter(Phase::work);
  try {
    co_await server_->handler(*this);
  } catch (const std::exception& e) {
    core::log::error("http", "the handler of {} {} threw: {}", method(), path(), e.what());
  }
  gone_.clear();
  ++served_;
  if (answer_ == Answer::streaming) {
    // Without chunks only a reset tells the peer that something is missing.
    if (!stream_chunked_) reset();
    co_return false;
  }
  if (answer_ == Answer::none) {
    const HeaderField json{"Content-Type", "application/json"};
    const auto body = error_body("internal error: the request was not answered");
    if (!co_await respond(500, {&json, 1}, body)) co_return false;
  }
  if (closed_) co_return false;
  if (close_after_) co_await linger();
  co_return !close_after_;
}

/// An answer after which the connection cannot go on. Always false.
awaitable<bool> HttpConnection::fail_request(int status, std::string text) {
  close_after_ = true;
  timed_out_ = false;
  const HeaderField json{"Content-Type", "application/json"};
  const auto body = error_body(text);
  if (co_await respond(status, {&json, 1}, body)) co_await linger();
  co_return false;
}

/// Closes our side and waits a little for the peer to close its own: closing with bytes unread
/// would reset the connection, and a reset can overtake the answer.
awaitable<void> HttpConnection::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  enter(Phase::linger);
  do {
    if (!reading_) in_begin_ = in_end_ = 0;
  } while (co_await more());
}

// ---- reading

std::size_t HttpConnection::feed() {
  const auto count = parser_.feed({in_.data() + in_begin_, in_end_ - in_begin_});
  in_begin_ += count;
  return count;
}

bool HttpConnection::start_read() {
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
    if (grow_ && in_.size() < largest_buffer) in_.resize(in_.size() * 2);
    if (phase_ == Phase::idle && in_.size() > idle_buffer) in_ = std::vector<char>(first_buffer);
  } else if (in_end_ == in_.size()) {
    if (in_begin_ > 0) {
      std::copy(
          in_.begin() + static_cast<std::ptrdiff_t>(in_begin_),
          in_.begin() + static_cast<std::ptrdiff_t>(in_end_), in_.begin()
      );
      in_end_ -= in_begin_;
      in_begin_ = 0;
    } else if (in_.size() < server_->limits.header_bytes + largest_buffer) {
      in_.resize(in_.size() * 2);
    } else {
      return false;
    }
  }
  grow_ = false;
  reading_ = true;
  socket_.async_read_some(
      boost::asio::buffer(in_.data() + in_end_, in_.size() - in_end_), ReadDone(shared_from_this())
  );
  return true;
}

void HttpConnection::read_finished(const boost::system::error_code& error, std::size_t count) {
  reading_ = false;
  in_end_ += count;
  grow_ = in_end_ == in_.size();
  if (error && !timed_out_) eof_ = true;
  if (reader_) {
    std::exchange(reader_, nullptr)(true);
    return;
  }
  if (gone_.empty()) return;
  if (eof_) {
    tell_peer_gone();
  } else {
    start_read();
  }
}

awaitable<bool> HttpConnection::more() {
  if (eof_ || closed_ || timed_out_) co_return false;
  if (!reading_ && !start_read()) co_return false;
  co_await asio::async_initiate<const asio::deferred_t&, void(bool)>(
      [this](auto resume) { reader_ = std::move(resume); }, asio::deferred
  );
  co_return !(eof_ || closed_ || timed_out_);
}

void HttpConnection::on_peer_gone(std::function<void()> gone) {
  if (peer_gone()) return gone();
  gone_.push_back(std::move(gone));
  if (!reading_) start_read();
}

void HttpConnection::tell_peer_gone() {
  const auto callbacks = std::move(gone_);
  gone_.clear();
  for (const auto& gone : callbacks) gone();
}

std::vector<HeaderField> HttpConnection::headers() const {
  const auto& fields = parser_.fields();
  std::vector<HeaderField> all;
  all.reserve(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) all.push_back({fields.name(i), fields.value(i)});
  return all;
}

std::string_view HttpConnection::path() const {
  auto target = parser_.target();
  if (target.starts_with("http://") || target.starts_with("https://")) {  // RFC 9112 §3.2.2
    const auto slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  return target.substr(0, target.find('?'));
}

std::string_view HttpConnection::query() const {
  const auto target = parser_.target();
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

// ---- answering

bool HttpConnection::suppresses_body(int status) const {
  return parser_.method() == "HEAD" || status == 204 || status == 304;
}

ResponseFraming::Connection HttpConnection::connection_header() const {
  if (close_after_) return ResponseFraming::Connection::close;
  if (!parser_.http_1_1()) return ResponseFraming::Connection::keep_alive;
  return ResponseFraming::Connection::unsaid;
}

awaitable<bool> HttpConnection::respond(
    int status, std::span<const HeaderField> headers, std::string_view body
) {
  if (answer_ != Answer::none || closed_) co_return false;
  answer_ = Answer::done;
  if (server_->draining) close_after_ = true;
  ResponseFraming framing;
  if (status != 204) framing.content_length = body.size();
  framing.connection = connection_header();
  out_.clear();
  append_response_head(out_, status, headers, framing);
  if (suppresses_body(status)) body = {};
  if (body.size() <= copied_body) {
    out_.append(body);
    body = {};
  }
  co_await server_->worker.end_of_turn();
  // Nearly always the kernel takes it at once.
  Pieces pieces{out_, body, {}};
  if (!write_now(pieces)) co_return !closed_ && !eof_;
  co_return co_await write_all(pieces);
}

awaitable<bool> HttpConnection::begin_stream(int status, std::span<const HeaderField> headers) {
  if (answer_ != Answer::none || closed_) co_return false;
  answer_ = Answer::streaming;
  stream_chunked_ = parser_.http_1_1();
  stream_silent_ = suppresses_body(status);
  if (server_->draining || !stream_chunked_) close_after_ = true;
  ResponseFraming framing;
  framing.chunked = stream_chunked_ && status != 204 && status != 304;
  framing.connection = connection_header();
  out_.clear();
  append_response_head(out_, status, headers, framing);
  co_return co_await write_all({out_, {}, {}});
}

awaitable<bool> HttpConnection::write(std::string_view bytes) {
  if (answer_ != Answer::streaming || closed_) co_return false;
  if (bytes.empty() || stream_silent_) co_return !peer_gone();
  if (!stream_chunked_) co_return co_await write_all({bytes, {}, {}});
  out_.clear();
  fmt::format_to(std::back_inserter(out_), "{:x}\r\n", bytes.size());
  if (bytes.size() > copied_body) co_return co_await write_all({out_, bytes, "\r\n"});
  out_.append(bytes).append("\r\n");
  co_return co_await write_all({out_, {}, {}});
}

awaitable<bool> HttpConnection::end_stream() {
  if (answer_ != Answer::streaming || closed_) co_return false;
  answer_ = Answer::done;
  if (stream_silent_ || !stream_chunked_) co_return !peer_gone();
  co_return co_await write_all({"0\r\n\r\n", {}, {}});
}

/// Writes what the kernel takes. True: there is more, and it has to be waited for.
bool HttpConnection::write_now(Pieces& pieces) {
  std::size_t first = 0;
  while (!closed_) {
    while (first < pieces.size() && pieces[first].empty()) ++first;
    if (first == pieces.size()) return false;
    std::array<iovec, 3> parts{};
    std::size_t count = 0;
    for (std::size_t i = first; i < pieces.size(); ++i) {
      parts[count++] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      auto left = static_cast<std::size_t>(sent);
      for (; left > 0; ++first) {
        const auto part = std::min(left, pieces[first].size());
        pieces[first].remove_prefix(part);
        left -= part;
        if (!pieces[first].empty()) break;
      }
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
    close();
  }
  return false;
}

awaitable<bool> HttpConnection::write_all(Pieces pieces) {
  const auto before = phase_;
  while (write_now(pieces)) {
    enter(Phase::write);
    const auto [error] =
        co_await socket_.async_wait(Socket::wait_write, asio::as_tuple(asio::use_awaitable));
    if (error) close();
  }
  if (closed_) co_return false;
  if (phase_ != before) enter(before);
  co_return !eof_;
}

awaitable<bool> HttpExchange::respond(
    int status, std::initializer_list<HeaderField> headers, std::string_view body
) {
  // The list ends with the caller's full expression, which contains the co_await.
  return respond(status, std::span<const HeaderField>(headers.begin(), headers.size()), body);
}

}  // namespace mooring::io
