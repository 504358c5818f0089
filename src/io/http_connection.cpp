#include "io/http_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <exception>

#include "core/log.hpp"

namespace mooring::io {

namespace {
constexpr std::size_t copied_body =
    16 * 1024;  // a larger one is gathered instead of copied behind the head
constexpr core::Duration rest_after = std::chrono::seconds(2);  // without a request
constexpr core::Duration linger_time = std::chrono::seconds(2);

std::string peer_of(int descriptor) {
  boost::asio::ip::tcp::endpoint peer;
  auto size = static_cast<socklen_t>(peer.capacity());
  if (::getpeername(descriptor, peer.data(), &size) != 0) return {};
  peer.resize(size);
  return peer.address().to_string();
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServerState> server, int descriptor)
    : server_(std::move(server)),
      socket_(server_->worker.poller(), descriptor),
      remote_(peer_of(descriptor)),
      parser_(
          {.header_bytes = server_->limits.header_bytes, .body_bytes = server_->limits.body_bytes}
      ) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  socket_.on_hang_up([this] { hung_up(); });
}

HttpConnection::~HttpConnection() = default;

// ---- life

awaitable<void> HttpConnection::run() {
  for (bool go_on = true; go_on;) {
    begin_request();
    Step step = next_step();
    // Since the request before: a peer that never stops sending does not keep the loop to itself.
    bool others_went = false;
    while (step != Step::handler && step != Step::end) {
      if (step != Step::bytes) {
        step = co_await otherwise(step);
        continue;
      }
      others_went = socket_.may(TcpSocket::to_read);
      if (others_went) {
        co_await server_->worker.enter(Worker::Stage::requests);
      } else {
        co_await socket_.wait(TcpSocket::to_read);
        others_went = !server_->worker.has_company();
      }
      const bool read_on = read();
      step = read_on ? next_step() : timed_out_ ? Step::excuse : Step::end;
    }
    if (step == Step::end) break;
    enter(Phase::work);
    if (!others_went) co_await server_->worker.enter(Worker::Stage::requests);
    if (closed_) break;
    try {
      co_await server_->handler(*this);
    } catch (const std::exception& e) {
      core::log::error("http", "the handler of {} {} threw: {}", method(), path(), e.what());
    }
    gone_.clear();
    ++served_;
    const bool usual = answer_ == Answer::done && !closed_ && !close_after_;
    go_on = usual || co_await after_handler();
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
  socket_.close();
  tell_peer_gone();
}

void HttpConnection::reset() {
  const struct linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
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
  const bool rests =
      phase_ == Phase::idle && now >= deadline_ - server_->limits.idle_timeout + rest_after;
  if (rests && !std::exchange(at_rest_, true)) let_go_of_memory();
  if (closed_ || timed_out_ || now < deadline_) return;
  if (phase_ != Phase::header && phase_ != Phase::body) return close();
  timed_out_ = true;  // for the reader, which may have been resumed by a byte at this very moment
  socket_.interrupt();
}

/// An idle connection keeps next to nothing.
void HttpConnection::let_go_of_memory() {
  parser_.release();
  // Assigning an empty string would keep the memory.
  std::string().swap(out_);
  if (rest_.empty()) std::string().swap(rest_);
}

void HttpConnection::begin_request() {
  answer_ = Answer::none;
  permitted_ = false;
  at_rest_ = false;
  parser_.reset();
  enter(Phase::idle);
}

/// Feeds the parser what has come.
HttpConnection::Step HttpConnection::next_step() {
  using State = HttpRequestParser::State;
  feed();
  switch (parser_.state()) {
    case State::head:
      return step_of_head();
    case State::body:
      return step_of_body();
    case State::done:
      close_after_ = !parser_.keep_alive();
      return parser_.too_large() ? Step::refusal : Step::handler;
    case State::failed:
      break;
  }
  return Step::blame;
}

HttpConnection::Step HttpConnection::step_of_head() {
  if (parser_.started() && phase_ == Phase::idle) enter(Phase::header);
  return phase_ == Phase::idle && server_->draining ? Step::end : Step::bytes;
}

HttpConnection::Step HttpConnection::step_of_body() {
  close_after_ = !parser_.keep_alive();
  if (parser_.too_large()) return Step::refusal;
  enter(Phase::body);
  const bool asked = std::exchange(permitted_, true);
  return !asked && parser_.expects_continue() && unread().empty() ? Step::permission : Step::bytes;
}

/// All but reading on and handling. The step after that.
awaitable<HttpConnection::Step> HttpConnection::otherwise(Step step) {
  switch (step) {
    case Step::permission:
      if (co_await write_all({"HTTP/1.1 100 Continue\r\n\r\n", {}, {}})) co_return Step::bytes;
      break;
    case Step::refusal:
      if (!co_await refuse_body()) break;
      begin_request();
      co_return next_step();
    case Step::blame:
      co_await fail_request(parser_.error_status(), parser_.error());
      break;
    case Step::excuse:
      co_await fail_request(
          408,
          fmt::format("the request {} took too long", phase_ == Phase::body ? "body" : "header")
      );
      break;
    default:
      break;
  }
  co_return Step::end;
}

/// Answers 413, then reads on until the next request begins; true when it may.
awaitable<bool> HttpConnection::refuse_body() {
  using State = HttpRequestParser::State;
  auto text = fmt::format("request body over {} bytes", server_->limits.body_bytes);
  // Whoever asked first will not send the body once it was told no.
  const bool unsent = parser_.expects_continue() && unread().empty();
  if (close_after_ || unsent || !parser_.drainable())
    co_return co_await fail_request(413, std::move(text));
  const HeaderField json{"Content-Type", "application/json"};
  const auto body = error_body(text);
  if (!co_await respond(413, {&json, 1}, body)) co_return false;
  for (;;) {
    feed();
    if (parser_.state() == State::done) co_return !close_after_;
    if (parser_.state() == State::failed || !parser_.drainable()) break;
    enter(Phase::body);
    co_await wait_for_bytes();
    if (!read()) break;
  }
  timed_out_ = false;
  co_await linger();
  co_return false;
}

/// What else there is to do for an answer. True: the next request may come.
awaitable<bool> HttpConnection::after_handler() {
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
  enter(Phase::work);  // what was too late must not end the answer to it
  const HeaderField json{"Content-Type", "application/json"};
  const auto body = error_body(text);
  if (co_await respond(status, {&json, 1}, body)) co_await linger();
  co_return false;
}

/// Closes our side and waits a little for the peer to close its own: closing with bytes unread
/// would reset the connection, and a reset can overtake the answer.
awaitable<void> HttpConnection::linger() {
  if (!closed_) ::shutdown(socket_.descriptor(), SHUT_WR);
  enter(Phase::linger);
  rest_.clear();
  rest_begin_ = 0;
  do {
    fresh_ = {};
    co_await wait_for_bytes();
  } while (read());
}

// ---- reading

awaitable<void> HttpConnection::wait_for_bytes() {
  if (socket_.may(TcpSocket::to_read)) {
    co_await server_->worker.enter(Worker::Stage::requests);
  } else {
    co_await socket_.wait(TcpSocket::to_read);
  }
}

/// What there is, into the server's buffer. False: nothing comes any more.
bool HttpConnection::read() {
  if (eof_ || closed_ || timed_out_) return false;
  const auto count = socket_.read(server_->in);
  if (count == -EAGAIN) return true;
  eof_ = count <= 0;
  if (!eof_) fresh_ = {server_->in.data(), static_cast<std::size_t>(count)};
  return !eof_;
}

/// Gives the parser what has come, but nothing behind a head whose body is too large. What it
/// cannot take yet is kept.
void HttpConnection::feed() {
  const bool kept = !rest_.empty();
  if (kept && !fresh_.empty()) {
    rest_.erase(0, std::exchange(rest_begin_, 0));
    rest_.append(fresh_);
  }
  const auto bytes = kept ? unread() : fresh_;
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const bool in_head = parser_.state() == HttpRequestParser::State::head;
    const auto count = parser_.feed(bytes.substr(taken));
    taken += count;
    if (count == 0 || (in_head && parser_.too_large())) break;
  }
  if (kept) {
    rest_begin_ += taken;
  } else {
    rest_.assign(bytes.substr(taken));
  }
  fresh_ = {};
  if (!unread().empty()) return;
  rest_.clear();
  rest_begin_ = 0;
}

void HttpConnection::on_peer_gone(std::function<void()> gone) {
  if (!peer_gone() && !socket_.hung_up()) return gone_.push_back(std::move(gone));
  left_ = true;
  gone();
}

/// Matters to those alone who asked: a peer may close its side and still want its answer.
void HttpConnection::hung_up() {
  if (gone_.empty()) return;
  const auto alive = shared_from_this();
  left_ = true;
  tell_peer_gone();
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
  if (suppresses_body(status)) body = {};
  if (server_->worker.has_company()) co_await server_->worker.enter(Worker::Stage::answers);
  auto& out = server_->out;
  out.clear();
  append_response_head(out, status, headers, framing);
  if (body.size() <= copied_body) {
    out.append(body);
    body = {};
  }
  // Nearly always the kernel takes it at once.
  Pieces pieces{out, body, {}};
  if (!write_now(pieces)) co_return !peer_gone();
  out_.assign(pieces[0]);
  pieces[0] = out_;
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
      if (pieces[i].empty()) continue;
      parts[count++] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    }
    const auto sent = socket_.write({parts.data(), count});
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
    if (sent == -EAGAIN) return true;
    close();
  }
  return false;
}

awaitable<bool> HttpConnection::write_all(Pieces pieces) {
  const auto before = phase_;
  while (write_now(pieces)) {
    enter(Phase::write);
    if (!co_await socket_.wait(TcpSocket::to_write)) close();
  }
  if (closed_) co_return false;
  if (phase_ != before) enter(before);
  co_return !peer_gone();
}

awaitable<bool> HttpExchange::respond(
    int status, std::initializer_list<HeaderField> headers, std::string_view body
) {
  // The list ends with the caller's full expression, which contains the co_await.
  return respond(status, std::span<const HeaderField>(headers.begin(), headers.size()), body);
}

}  // namespace mooring::io
