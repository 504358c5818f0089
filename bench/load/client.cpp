#include "load/client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

#include "protocol/json_scan.hpp"

namespace mooring::bench {

namespace {

constexpr std::size_t id_digits = 10;
constexpr std::string_view initialize_id = "1";

std::string excerpt(std::string_view text) {
  return std::string(text.substr(0, 160)) + (text.size() > 160 ? "…" : "");
}

std::string post(
    const LoadOptions& options, std::string_view session_headers, std::string_view body
) {
  std::string message = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: {}\r\n{}",
      options.path, options.server.authority(), options.accept, session_headers
  );
  for (const auto& header : options.headers) message.append(header).append("\r\n");
  fmt::format_to(std::back_inserter(message), "Content-Length: {}\r\n\r\n{}", body.size(), body);
  return message;
}

}  // namespace

Client::Client(const LoadOptions& options, std::uint64_t first_id)
    : options_(options), next_id_(first_id) {
  const auto body = fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"initialize","params":{{"protocolVersion":"{}",)"
      R"("capabilities":{{}},"clientInfo":{{"name":"mooring-load","version":"1"}}}}}})",
      initialize_id, options.version
  );
  initialize_ = post(options, {}, body);
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
  initialized_ =
      post(options_, headers, R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
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
  call_ = post(options_, headers, body);
  id_at_ = call_.size() - after_id.size() - id_digits;
}

void Client::begin() {
  answer_.reset();
  sent_ = 0;
  waiting_ = true;
  if (step_ == Step::initialize) {
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
  for (;;) {
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN ? Read::more : Read::broken;
    if (size == 0) {
      answer_.closed();
      return answer_.done() ? Read::answer : Read::broken;
    }
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    while (!bytes.empty() && !answer_.done()) {
      bytes.remove_prefix(answer_.feed(bytes));
      if (answer_.state() == HttpMessage::State::broken) return Read::broken;
    }
    if (!bytes.empty()) return Read::broken;  // nobody asked for more than one answer
    if (answer_.done()) return Read::answer;
    if (static_cast<std::size_t>(size) < buffer.size()) return Read::more;
  }
}

std::string_view Client::current_id() const {
  if (step_ == Step::initialize) return initialize_id;
  return std::string_view(call_).substr(id_at_, id_digits);
}

std::string Client::judge() {
  waiting_ = false;
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
  std::string_view rest = answer_.body();
  if (form() == Form::json) {
    while (!rest.empty() && static_cast<unsigned char>(rest.front()) <= ' ') rest.remove_prefix(1);
    return is_answer(rest) ? rest : std::string_view();
  }
  std::string_view data;
  int lines = 0;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      if (lines > 0 && is_answer(data)) return data;
      data = {};
      lines = 0;
    } else if (line.starts_with("data:")) {
      line.remove_prefix(line.starts_with("data: ") ? 6 : 5);
      if (lines++ == 0) {
        data = line;
      } else {
        if (lines == 2) joined_ = data;
        joined_.append("\n").append(line);
        data = joined_;
      }
    }
  }
  return {};
}

}  // namespace mooring::bench
