#include "io/http_response.hpp"

#include <fmt/format.h>

namespace mooring::io {

using ParserState = HttpResponseParser::State;
using Status = NetStream::Status;

namespace {
constexpr std::size_t discardable = 64 * 1024;  // of a redirect's body
constexpr core::Duration discard_time = std::chrono::seconds(1);
}  // namespace

HttpResponse::HttpResponse(
    std::shared_ptr<HttpClientState> client, std::shared_ptr<const HttpClientState::Origin> to,
    AbortSource* abort, bool head
)
    : client_(std::move(client)),
      to_(std::move(to)),
      head_request_(head),
      interrupt_(client_->worker.timers(), abort, client_->ended) {}

HttpResponse::~HttpResponse() {
  finish();
  if (parser_) client_->give_parser(std::move(parser_));
}

/// The connection may still go back to the pool, if all of the response has come.
void HttpResponse::finish() {
  if (!connection_ || failed_ || !parser_) return;
  // The end of the body may have arrived with its last piece.
  while (parser_->state() == ParserState::body) {
    const auto taken = parser_->feed(connection_->unread());
    connection_->begin += taken;
    if (taken == 0 || !parser_->piece().empty()) break;
  }
  release();
}

void HttpResponse::adopt(std::unique_ptr<ClientConnection> connection, bool reused) {
  connection_ = std::move(connection);
  reused_ = reused;
  if (!parser_) parser_ = client_->take_parser();
  parser_->reset(head_request_);
  wire_at_start_ = connection_->stream.bytes_on_wire();
  watch();
}

void HttpResponse::watch() {
  interrupt_.on_fire([stream = &connection_->stream] { stream->close(); });
}

HttpFailure HttpResponse::failure(Stage stage, std::string message) {
  // Part of a TLS record may have left before the record was complete.
  if (sent_ == 0 && connection_ && connection_->stream.bytes_on_wire() > wire_at_start_) sent_ = 1;
  failed_ = explain(interrupt_, stage, std::move(message));
  failed_->bytes_sent = sent_;
  failed_->connection_reused = reused_;
  interrupt_.on_fire(nullptr);
  if (connection_) connection_->stream.close();
  return *failed_;
}

awaitable<std::optional<HttpFailure>> HttpResponse::perform(
    std::string_view head, std::string_view body, std::optional<core::TimePoint> deadline
) {
  interrupt_.until(deadline);
  if (interrupt_.fired()) co_return failure(Stage::write, "closed");
  std::string error;
  auto io = connection_->stream.try_write(head);
  if (io.status == Status::ok && io.count == head.size()) {
    sent_ += io.count;  // nearly always: the kernel takes it at once
  } else {
    error = co_await write(head, std::move(io));
  }
  if (error.empty() && !body.empty()) {
    error = co_await write(body, connection_->stream.try_write(body));
  }
  sent_whole_ = error.empty();
  // A peer that refuses what it has not read closes early, but may have said why.
  if (!sent_whole_ && (sent_ == 0 || interrupt_.fired()))
    co_return failure(Stage::write, std::move(error));
  while (!head_complete()) {
    auto read = connection_->stream.try_read(connection_->room());
    if (read.status == Status::ok) {
      connection_->end += read.count;
      continue;
    }
    if (NetStream::has_to_wait(read.status)) {
      if (co_await connection_->stream.wait(read.status)) continue;
      read.status = Status::closed;
    }
    parser_->finish();
    if (!error.empty()) co_return failure(Stage::write, std::move(error));
    if (read.status != Status::failed) read.error = parser_->error();
    co_return failure(Stage::headers, std::move(read.error));
  }
  if (failed_) co_return failed_;
  interrupt_.until(std::nullopt);
  if (client_->worker.has_company()) co_await client_->worker.enter(Worker::Stage::responses);
  co_return std::nullopt;
}

/// Goes on after the first try, `io`. Empty: all written. Else why not; then the peer's answer may
/// already wait in the buffer.
awaitable<std::string> HttpResponse::write(std::string_view bytes, NetStream::Io io) {
  auto& stream = connection_->stream;
  for (;; io = stream.try_write(bytes)) {
    switch (io.status) {
      case Status::ok:
        sent_ += io.count;
        bytes.remove_prefix(io.count);
        if (bytes.empty()) co_return std::string();
        break;
      case Status::want_read:
        if (!co_await stream.wait(Status::want_read)) co_return "connection closed";
        break;
      case Status::want_write:
        if (!co_await stream.wait_either()) co_return "connection closed";
        if (early_answer()) co_return "answered before the request was complete";
        break;
      case Status::closed:
        co_return "connection closed";
      case Status::failed:
        co_return io.error;
    }
  }
}

bool HttpResponse::early_answer() {
  const auto room = connection_->room();
  const auto io = connection_->stream.try_read(room);
  if (io.status == Status::ok) connection_->end += io.count;
  return io.status != Status::want_read && io.status != Status::want_write;
}

/// Of the response itself, or it has failed: there is nothing to read for.
bool HttpResponse::head_complete() {
  for (;;) {
    const auto taken = parser_->feed(connection_->unread());
    connection_->begin += taken;
    if (parser_->state() == ParserState::failed) {
      failure(Stage::headers, parser_->error());
      return true;
    }
    if (parser_->state() != ParserState::head) {
      if (!parser_->informational()) return true;
      if (parser_->status() == 101) {
        failure(Stage::headers, "unexpected status 101");
        return true;
      }
      parser_->reset(head_request_);
    } else if (taken == 0) {
      return false;
    }
  }
}

std::optional<std::string_view> HttpResponse::read_now() {
  while (connection_ && !failed_ && parser_->state() == ParserState::body) {
    if (interrupt_.aborted()) return std::nullopt;
    const auto taken = parser_->feed(connection_->unread());
    connection_->begin += taken;
    if (!parser_->piece().empty()) return parser_->piece();
    if (taken == 0) return std::nullopt;
  }
  if (failed_ || parser_->state() == ParserState::failed) return std::nullopt;
  release();
  return std::string_view();
}

awaitable<std::expected<std::string_view, HttpFailure>> HttpResponse::read_some(
    std::optional<core::TimePoint> deadline
) {
  bool waited = false;
  for (;;) {
    if (const auto piece = read_now()) co_return *piece;
    if (failed_) co_return std::unexpected(*failed_);
    if (parser_->state() == ParserState::failed) {
      co_return std::unexpected(failure(Stage::body, parser_->error()));
    }
    // A server that never stops sending does not keep the loop to itself.
    if (connection_->stream.may_read() && !std::exchange(waited, false)) {
      co_await client_->worker.enter(Worker::Stage::responses);
    }
    if (!interrupt_.aborted()) interrupt_.until(deadline);
    if (interrupt_.fired()) co_return std::unexpected(failure(Stage::body, "closed"));
    const auto io = connection_->stream.try_read(connection_->room());
    if (io.status == Status::ok) {
      connection_->end += io.count;
      continue;
    }
    if (NetStream::has_to_wait(io.status) && co_await connection_->stream.wait(io.status)) {
      waited = true;
      continue;
    }
    if (io.status == Status::failed) co_return std::unexpected(failure(Stage::body, io.error));
    const bool unbounded =
        !parser_->content_length() && !parser_->fields().has("transfer-encoding");
    if (interrupt_.fired() || (unbounded && io.truncated)) {
      co_return std::unexpected(
          failure(Stage::body, "connection closed before the end of the response")
      );
    }
    parser_->finish();
  }
}

awaitable<std::expected<std::string, HttpFailure>> HttpResponse::read_all(
    std::size_t limit, std::optional<core::TimePoint> deadline
) {
  std::string whole;
  const auto too_much = [&] {
    return std::unexpected(failure(Stage::body, fmt::format("response over {} bytes", limit)));
  };
  if (const auto length = content_length()) {
    if (*length > limit) co_return too_much();
    whole.reserve(std::min<std::size_t>(*length, 1024 * 1024));
  }
  for (;;) {
    auto piece = co_await read_some(deadline);
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (piece->empty()) break;
    if (whole.size() + piece->size() > limit) co_return too_much();
    whole.append(*piece);
  }
  co_return whole;
}

awaitable<void> HttpResponse::discard() {
  auto& timers = client_->worker.timers();
  const auto deadline = timers.now() + discard_time;
  if (content_length().value_or(0) > discardable) co_return;
  for (std::size_t total = 0; total <= discardable;) {
    const auto piece = co_await read_some(deadline);
    if (!piece || piece->empty()) break;
    total += piece->size();
  }
}

std::vector<HttpHeader> HttpResponse::headers() const {
  std::vector<HttpHeader> all;
  const auto& fields = parser_->fields();
  all.reserve(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    all.push_back({std::string(fields.name(i)), std::string(fields.value(i))});
  }
  return all;
}

/// The exchange is over for the connection: to the pool with it, or away.
void HttpResponse::release() {
  if (!connection_) return;
  const bool reusable = parser_->state() == ParserState::done && parser_->keep_alive() &&
                        sent_whole_ && connection_->unread().empty() && !interrupt_.fired();
  interrupt_.on_fire(nullptr);
  interrupt_.until(std::nullopt);
  if (reusable) client_->put_idle(std::move(connection_));
  connection_.reset();
}

}  // namespace mooring::io
