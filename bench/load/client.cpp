#include "load/client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "load/events.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::bench {

namespace {

constexpr std::size_t id_digits = 10;
constexpr std::string_view initialize_id = "1";

std::string excerpt(std::string_view text) {
  return std::string(text.substr(0, 160)) + (text.size() > 160 ? "…" : "");
}

/// Reads what has come of one message.
Client::Read read_message(const Fd& socket, HttpMessage& message, std::string& buffer) {
  for (;;) {
    const auto size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN ? Client::Read::more : Client::Read::broken;
    if (size == 0) {
      message.closed();
      return message.done() ? Client::Read::answer : Client::Read::broken;
    }
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    while (!bytes.empty() && !message.done()) {
      bytes.remove_prefix(message.feed(bytes));
      if (message.state() == HttpMessage::State::broken) return Client::Read::broken;
    }
    if (!bytes.empty()) return Client::Read::broken;  // nobody asked for more than one answer
    if (message.done()) return Client::Read::answer;
    if (static_cast<std::size_t>(size) < buffer.size()) return Client::Read::more;
  }
}

}  // namespace

Client::Client(const LoadOptions& options, std::uint64_t first_id)
    : options_(options),
      next_id_(first_id),
      path_(options.path),
      step_(options.sse ? Step::attach : Step::initialize) {
  build_initialize();
}

std::string Client::post(std::string_view session_headers, std::string_view body) const {
  std::string message = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: {}\r\n{}", path_,
      options_.server.authority(), options_.accept, session_headers
  );
  for (const auto& header : options_.headers) message.append(header).append("\r\n");
  fmt::format_to(std::back_inserter(message), "Content-Length: {}\r\n\r\n{}", body.size(), body);
  return message;
}

void Client::build_initialize() {
  const auto body = fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"initialize","params":{{"protocolVersion":"{}",)"
      R"("capabilities":{{}},"clientInfo":{{"name":"mooring-load","version":"1"}}}}}})",
      initialize_id, options_.version
  );
  initialize_ = post({}, body);
}

Result<void> Client::attach() {
  auto socket = connect_to(options_.server);
  if (!socket) return std::unexpected(std::move(socket.error()));
  stream_ = std::move(*socket);
  pollfd writable = {stream_.get(), POLLOUT, 0};
  ::poll(&writable, 1, 5000);
  const auto request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n", options_.path,
      options_.server.authority()
  );
  if (::send(stream_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return fail(Reason::io, "the event stream could not be asked for");
  }
  return {};
}

Result<void> Client::connect() {
  waiting_ = false;
  answer_.reset();
  auto socket = connect_to(options_.server);
  if (!socket) return std::unexpected(std::move(socket.error()));
  socket_ = std::move(*socket);
  return {};
}

void Client::build_session_messages() {
  std::string headers = fmt::format("MCP-Protocol-Version: {}\r\n", options_.version);
  if (!session_id_.empty()) headers += fmt::format("Mcp-Session-Id: {}\r\n", session_id_);
  initialized_ = post(headers, R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  constexpr std::string_view before_id = R"({"jsonrpc":"2.0","id":)";
  std::string params = "{}";
  if (options_.method == "tools/call") {
    params = fmt::format(
        R"({{"name":{},"arguments":{}}})", protocol::quote(options_.tool), options_.arguments
    );
  }
  const auto after_id =
      fmt::format(R"(,"method":{},"params":{}}})", protocol::quote(options_.method), params);
  const auto body = fmt::format("{}{:0>{}}{}", before_id, 0, id_digits, after_id);
  call_ = post(headers, body);
  id_at_ = call_.size() - after_id.size() - id_digits;
}

void Client::begin() {
  answer_.reset();
  sent_ = 0;
  waiting_ = true;
  streamed_.clear();
  if (step_ == Step::attach) {
    outbox_ = &nothing_;
  } else if (step_ == Step::initialize) {
    outbox_ = &initialize_;
  } else if (step_ == Step::initialized) {
    outbox_ = &initialized_;
  } else {
    outbox_ = &call_;
    auto id = next_id_++;
    for (std::size_t i = id_digits; i-- > 0; id /= 10) {
      call_[id_at_ + i] = static_cast<char>('0' + id % 10);
    }
  }
}

bool Client::write() {
  while (has_unsent()) {
    const auto size =
        ::send(socket_.get(), outbox_->data() + sent_, outbox_->size() - sent_, MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
    sent_ += static_cast<std::size_t>(size);
  }
  return true;
}

Client::Read Client::read(std::string& buffer) {
  return options_.sse ? read_streamed(buffer) : read_message(socket_, answer_, buffer);
}

/// HTTP+SSE: done once the POST was accepted and, unless it was a notification, an event answered.
Client::Read Client::read_streamed(std::string& buffer) {
  if (read_message(stream_, stream_in_, buffer) != Read::more) return Read::broken;
  std::string_view rest = stream_in_.body();
  while (const auto event = next_event(rest, joined_)) {
    const bool awaited = step_ == Step::attach ? event->name == "endpoint" : is_answer(event->data);
    if (awaited) streamed_ = event->data;
  }
  stream_in_.drop(stream_in_.body().size() - rest.size());
  if (!waiting_) return Read::more;
  if (step_ != Step::attach && !answer_.done()) {
    if (read_message(socket_, answer_, buffer) == Read::broken) return Read::broken;
    if (!answer_.done()) return Read::more;
  }
  const bool refused = answer_.done() && answer_.status() / 100 != 2;
  const bool whole = step_ == Step::initialized || !streamed_.empty();
  return refused || whole ? Read::answer : Read::more;
}

std::string_view Client::current_id() const {
  if (step_ == Step::initialize) return initialize_id;
  return std::string_view(call_).substr(id_at_, id_digits);
}

std::string Client::judge() {
  waiting_ = false;
  if (step_ == Step::attach) {
    if (!streamed_.starts_with('/')) return "the stream names no path to post to: " + streamed_;
    path_ = streamed_;
    build_initialize();
    step_ = Step::initialize;
    return {};
  }
  if (answer_.status() / 100 != 2) {
    return fmt::format("HTTP {}: {}", answer_.status(), excerpt(answer_.body()));
  }
  if (step_ == Step::initialized) {
    step_ = Step::call;
    return {};
  }
  const auto message = find_answer();
  if (message.empty()) {
    return fmt::format("no answer to id {}: {}", current_id(), excerpt(answer_.body()));
  }
  const auto result = protocol::member(message, "result");
  if (!result) return fmt::format("an error: {}", excerpt(message));
  if (step_ == Step::call) {
    const auto is_error = protocol::member(*result, "isError");
    if (is_error && protocol::is_true(*is_error)) {
      return fmt::format("the tool failed: {}", excerpt(message));
    }
    return {};
  }
  session_id_ = answer_.session_id();
  build_session_messages();
  step_ = Step::initialized;
  return {};
}

bool Client::is_answer(std::string_view message) const {
  if (!protocol::is_object(message) || protocol::validate(message)) return false;
  const auto id = protocol::member(message, "id");
  return id && *id == current_id() && !protocol::member(message, "method");
}

std::string_view Client::find_answer() {
  if (options_.sse) return streamed_;
  std::string_view rest = answer_.body();
  if (form() == Form::json) {
    while (!rest.empty() && static_cast<unsigned char>(rest.front()) <= ' ') rest.remove_prefix(1);
    return is_answer(rest) ? rest : std::string_view();
  }
  while (const auto event = next_event(rest, joined_)) {
    if (is_answer(event->data)) return event->data;
  }
  return {};
}

}  // namespace mooring::bench
