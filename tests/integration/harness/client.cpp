#include "harness/client.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "io/http_fields.hpp"
#include "protocol/sse.hpp"

namespace mooring::integration {

namespace {

constexpr std::size_t largest_body = std::size_t{64} << 20;

io::OutgoingHttpRequest outgoing(
    std::string method, const std::string& url, Headers headers, std::string body
) {
  io::OutgoingHttpRequest request;
  request.method = std::move(method);
  request.url = *core::Url::parse(url);
  for (auto& [name, value] : headers) request.headers.push_back({name, value});
  request.body = std::move(body);
  return request;
}

bool is_response(const json::value& message) {
  if (!message.is_object()) return false;
  return message.as_object().contains("result") || message.as_object().contains("error");
}

Response no_answer(const io::HttpFailure& failure) { return {0, failure.message, {}}; }

}  // namespace

std::string Response::header(std::string_view name) const {
  for (const auto& field : fields) {
    if (io::equals_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

struct ExchangeState {
  explicit ExchangeState(io::Worker& on) : worker(on) {}

  io::Worker& worker;
  Inbox<Event> events;
  Inbox<std::string> ids;  ///< of every event that has one, with or without data
  std::promise<Response> head;
  std::shared_future<Response> head_ready = head.get_future().share();
  io::AbortSource abort;  ///< on the worker's thread
};

namespace {

using StatePtr = std::shared_ptr<ExchangeState>;

awaitable<void> read_events(io::IncomingHttpResponse& response, const StatePtr& state) {
  protocol::SseDecoder decoder(largest_body);
  for (;;) {
    const auto piece = co_await response.read_some();
    if (!piece || piece->empty() || !decoder.feed(*piece)) co_return;
    while (auto event = decoder.next()) {
      if (event->id) state->ids.add(*event->id);
      if (!event->data.empty()) state->events.add({event->id.value_or(""), event->data});
    }
  }
}

awaitable<void> exchange(io::OutgoingHttpRequest request, StatePtr state) {
  io::HttpClient http(state->worker, {});
  request.abort = &state->abort;
  auto answer = co_await http.send(std::move(request));
  if (!answer) {
    state->head.set_value(no_answer(answer.error()));
  } else {
    auto& response = **answer;
    state->head.set_value({response.status(), {}, response.headers()});
    if (response.header("content-type").starts_with("text/event-stream")) {
      co_await read_events(response, state);
    } else if (const auto body = co_await response.read_all(largest_body)) {
      state->events.add({{}, *body});
    }
  }
  state->events.close();
  state->ids.close();
}

awaitable<Response> whole(io::HttpClient& http, io::OutgoingHttpRequest request) {
  auto answer = co_await http.send(std::move(request));
  if (!answer) co_return no_answer(answer.error());
  auto body = co_await (*answer)->read_all(largest_body);
  if (!body) co_return no_answer(body.error());
  co_return Response{(*answer)->status(), std::move(*body), (*answer)->headers()};
}

awaitable<Response> whole_on_new_connection(io::Worker& worker, io::OutgoingHttpRequest request) {
  io::HttpClient http(worker, {});
  co_return co_await whole(http, std::move(request));
}

}  // namespace

Exchange::~Exchange() {
  if (state_) close();
}

void Exchange::close() {
  std::promise<void> closed;
  state_->worker.post([state = state_, &closed] {
    state->abort.abort();
    closed.set_value();
  });
  closed.get_future().wait();
}

int Exchange::status() { return state_->head_ready.get().status; }
std::string Exchange::header(std::string_view name) {
  return state_->head_ready.get().header(name);
}

json::value Exchange::wait(const std::function<bool(const json::value&)>& fits) {
  const auto found = state_->events.wait([&](const Event& event) { return fits(event.json()); });
  return found ? found->json() : json::value();
}

json::value Exchange::response(std::string_view id) {
  const auto wanted = parse(id);
  return wait([&](const json::value& message) {
    return is_response(message) && at(message, "/id") == wanted;
  });
}

std::vector<Event> Exchange::events() const { return state_->events.all(); }

std::size_t Exchange::count(std::string_view method) const {
  return state_->events.count([&](const Event& event) {
    return text(event.json(), "/method") == method;
  });
}

std::string Exchange::last_id() const {
  const auto ids = state_->ids.all();
  return ids.empty() ? std::string() : ids.back();
}

bool Exchange::wait_primed() {
  return state_->ids.wait([](const std::string&) { return true; }).has_value();
}

bool Exchange::wait_end() { return state_->events.wait_closed(); }

Client::Client() {
  background_.start();
  background_.call([this] {
    http_ = std::make_unique<io::HttpClient>(background_.worker, io::HttpClientOptions{});
  });
}

Client::~Client() {
  background_.call([this] { http_.reset(); });
  background_.stop();
}

Response Client::send(
    std::string method, const std::string& url, Headers headers, std::string body, bool fresh
) {
  auto request = outgoing(std::move(method), url, std::move(headers), std::move(body));
  if (fresh)
    return background_.run(whole_on_new_connection(background_.worker, std::move(request)));
  return background_.run(whole(*http_, std::move(request)));
}

Exchange Client::open(
    std::string method, const std::string& url, Headers headers, std::string body
) {
  auto state = std::make_shared<ExchangeState>(background_.worker);
  auto request = outgoing(std::move(method), url, std::move(headers), std::move(body));
  background_.call([&] {
    auto done = [](std::exception_ptr) {};
    asio::co_spawn(background_.worker.executor(), exchange(std::move(request), state), done);
  });
  return Exchange(std::move(state));
}

RawConnection::RawConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{patience.count(), 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const auto* name = static_cast<const void*>(&address);
  if (::connect(socket_, static_cast<const sockaddr*>(name), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
}

RawConnection::~RawConnection() { ::close(socket_); }

void RawConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // what the peer thought of it is in its answer
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawConnection::more() {
  std::array<char, 16384> buffer;
  const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  read_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawConnection::response() {
  std::size_t head = std::string::npos;
  while ((head = read_.find("\r\n\r\n")) == std::string::npos && more()) {
  }
  if (head == std::string::npos) return std::exchange(read_, {});
  std::size_t size = head + 4;
  const auto length = read_.find("Content-Length: ");
  if (length < head) size += std::stoul(read_.substr(length + 16));
  while (read_.size() < size && more()) {
  }
  auto message = read_.substr(0, size);
  read_.erase(0, message.size());
  return message;
}

std::string RawConnection::until(std::string_view mark) {
  std::size_t found = std::string::npos;
  while ((found = read_.find(mark)) == std::string::npos && more()) {
  }
  auto taken = read_.substr(0, found == std::string::npos ? found : found + mark.size());
  read_.erase(0, taken.size());
  return taken;
}

std::string RawConnection::to_end() {
  while (more()) {
  }
  return std::exchange(read_, {});
}

}  // namespace mooring::integration
