#include "server/sse_door.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "core/log.hpp"
#include "core/random.hpp"
#include "protocol/messages.hpp"
#include "protocol/sse.hpp"
#include "server/media_type.hpp"
#include "server/sse_outlet.hpp"

namespace mooring::server {

using gateway::ClientSession;
using gateway::ClientSessionPtr;
using io::HeaderField;
using io::HttpExchange;
using protocol::Frame;

namespace {

constexpr core::Duration flush_time =
    std::chrono::seconds(2);  ///< at the end, for a client that has stopped reading
constexpr std::size_t id_bytes = 24;

struct Refusal {
  int status;
  std::string message;
  int code = protocol::invalid_request;
  std::string id = {};            ///< raw, of the message that is refused
  std::string_view allowed = {};  ///< methods, with 405
};

awaitable<void> refuse(HttpExchange& exchange, const Refusal& refusal) {
  const std::array headers = {
      HeaderField{"Content-Type", "application/json"}, HeaderField{"Allow", refusal.allowed}
  };
  const std::span<const HeaderField> all(headers);
  co_await exchange.respond(
      refusal.status, refusal.allowed.empty() ? all.first(1) : all,
      protocol::make_error(refusal.id, refusal.code, refusal.message)
  );
}

Refusal no_server(std::string_view name) {
  return {404, fmt::format("there is no server named {}", name)};
}

Refusal no_session() { return {404, "Session not found: open the event stream anew"}; }

Refusal shutting_down() { return {503, "the gateway is shutting down"}; }

/// The value of `sessionId` in a query; it needs no decoding.
std::string_view session_id(std::string_view query) {
  constexpr std::string_view name = "sessionId=";
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (pair.starts_with(name)) return pair.substr(name.size());
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return {};
}

/// This session ends with its stream: the id that could revive it travels nowhere.
ClientSessionPtr without_id(const ClientSession& opened) {
  auto session = opened;
  session.id.clear();
  return std::make_shared<const ClientSession>(std::move(session));
}

/// What a client would say that came back on a new stream. Its capabilities are not known any more.
Frame returning_initialize(std::string_view version) {
  return *Frame::parse(protocol::make_request(
      "0", "initialize",
      fmt::format(
          R"({{"protocolVersion":{},"capabilities":{{}},"clientInfo":{{"name":"that came back","version":""}}}})",
          protocol::quote(version)
      )
  ));
}

/// One stream, and the session on it.
struct SseClient {
  SseClient(
      io::Worker& worker, std::string in, std::string who, std::string_view speaks,
      std::size_t unread_bytes
  )
      : endpoint(std::move(in)),
        principal(std::move(who)),
        version(speaks.empty() ? "2024-11-05" : speaks),
        outlet(std::make_shared<SseOutlet>(worker, unread_bytes)),
        stirred(worker.executor(), worker.timers()) {}

  const std::string endpoint, principal;
  const std::string version;  ///< that a returning client goes on with
  const std::shared_ptr<SseOutlet> outlet;
  ClientSessionPtr session;            ///< empty before `initialize`
  bool opening = false;                ///< `initialize` is being answered
  bool left = false;                   ///< the stream has ended
  std::multiset<std::string> in_hand;  ///< raw ids of requests
  std::size_t held_bytes = 0;          ///< of results that flow in
  io::Event stirred;                   ///< one of these has changed
};
using ClientPtr = std::shared_ptr<SseClient>;

/// A request from its arrival to its answer, however that comes about.
class InHand {
 public:
  InHand(ClientPtr client, std::string_view id, std::atomic<std::size_t>& count)
      : client_(std::move(client)), at_(client_->in_hand.emplace(id)), count_(count) {
    ++count_;
  }
  ~InHand() {
    --count_;
    client_->in_hand.erase(at_);
    client_->stirred.notify();
  }
  InHand(const InHand&) = delete;
  InHand& operator=(const InHand&) = delete;

  const ClientPtr& client() const { return client_; }

 private:
  ClientPtr client_;
  std::multiset<std::string>::iterator at_;
  std::atomic<std::size_t>& count_;
};

class SseResponder final : public gateway::Responder {
 public:
  SseResponder(ClientPtr client, std::string id, std::size_t most_held)
      : client_(std::move(client)), id_(std::move(id)), most_held_(most_held) {}
  ~SseResponder() override { client_->held_bytes -= held_.size(); }

  awaitable<void> send(std::string message) override { co_await client_->outlet->say(message); }
  awaitable<void> finish(std::string response) override { co_await client_->outlet->say(response); }
  awaitable<bool> finish_part(std::string_view bytes) override {
    const bool wanted = client_->outlet->is_open();
    if (!wanted || client_->held_bytes + bytes.size() > most_held_) co_return false;
    client_->held_bytes += bytes.size();
    held_ += bytes;
    co_return true;
  }
  awaitable<void> finish_end(bool ok) override {
    co_await client_->outlet->say(ok ? held_ : gateway::broken_result(id_));
  }

 private:
  ClientPtr client_;
  std::string id_;
  std::size_t most_held_;
  std::string held_;
};

}  // namespace

struct SseDoor::Impl {
  Impl(io::Worker& w, gateway::Service& s, SseDoorOptions o)
      : worker(w),
        service(s),
        options(o),
        tasks(w.executor()),
        somebody_left(w.executor(), w.timers()) {}

  awaitable<void> serve_stream(HttpExchange& exchange, std::string endpoint, std::string principal);
  void leave(const std::string& id);
  void cancel_requests(const SseClient& client);

  Impl* home_of(std::string_view id) const;
  /// On the home worker of the stream. Nothing: accepted.
  awaitable<std::optional<Refusal>> take(std::string id, std::string principal, Frame frame);
  awaitable<void> deliver(ClientPtr client, Frame frame);
  awaitable<void> open(ClientPtr client, Frame initialize);
  /// The request of a client that came back without saying so.
  awaitable<void> reopen(ClientPtr client, Frame request);
  /// The answer to `initialize`; the client has a session then, unless it was refused or left.
  awaitable<std::string> open_session(const ClientPtr& client, Frame initialize);
  void opened(const ClientPtr& client);
  void listen(const ClientPtr& client);
  awaitable<void> serve(std::unique_ptr<InHand> request, Frame frame);

  io::Worker& worker;
  gateway::Service& service;
  SseDoorOptions options;
  std::vector<SseDoor*> peers;
  std::map<std::string, ClientPtr, std::less<>> clients;  ///< by the id in their URI
  io::TaskGroup tasks;
  io::Event somebody_left;
  std::atomic<std::size_t> in_flight = 0;  ///< also read by the control worker
  bool stopping = false;
};

SseDoor::SseDoor(io::Worker& worker, gateway::Service& service, SseDoorOptions options)
    : impl_(std::make_unique<Impl>(worker, service, options)) {
  impl_->peers.assign(worker.index() + 1, nullptr);
  impl_->peers.back() = this;
}

SseDoor::~SseDoor() = default;

void SseDoor::set_peers(std::vector<SseDoor*> peers) { impl_->peers = std::move(peers); }

std::size_t SseDoor::requests_in_flight() const { return impl_->in_flight; }

// ---- the stream

awaitable<void> SseDoor::stream(
    HttpExchange& exchange, std::string endpoint, std::string principal
) {
  if (!impl_->service.has_endpoint(endpoint)) {
    co_await refuse(exchange, no_server(endpoint));
  } else if (exchange.method() != "GET") {
    // Clients that try Streamable HTTP first take this for "older transport".
    Refusal refusal{405, "this is the event stream of HTTP+SSE: GET it"};
    refusal.allowed = "GET";
    co_await refuse(exchange, refusal);
  } else if (!accepts(exchange.header("Accept"), "text/event-stream")) {
    co_await refuse(exchange, {406, "Accept names text/event-stream"});
  } else if (impl_->stopping) {
    co_await refuse(exchange, shutting_down());
  } else {
    co_await impl_->serve_stream(exchange, std::move(endpoint), std::move(principal));
  }
}

awaitable<void> SseDoor::Impl::serve_stream(
    HttpExchange& exchange, std::string endpoint, std::string principal
) {
  struct Stay {
    Impl& door;
    std::string id;
    ~Stay() { door.leave(id); }
  };
  const auto id = fmt::format("{}.{}", worker.index(), core::system_random().token(id_bytes));
  const auto client = std::make_shared<SseClient>(
      worker, std::move(endpoint), std::move(principal), exchange.header("MCP-Protocol-Version"),
      options.unread_bytes
  );
  clients.emplace(id, client);
  const Stay stay{*this, id};
  co_await client->outlet->run(
      exchange, protocol::encode_sse("/message?sessionId=" + id, {}, "endpoint"),
      options.keepalive_comment
  );
}

void SseDoor::Impl::leave(const std::string& id) {
  const auto client = std::move(clients.extract(id).mapped());
  client->left = true;
  client->stirred.notify();
  if (client->session) {
    cancel_requests(*client);
    service.unlisten(client->session);
    service.end(client->session);
  }
  somebody_left.notify();
}

void SseDoor::Impl::cancel_requests(const SseClient& client) {
  const auto ids = client.in_hand;  // one that ends is in it no more
  for (const auto& id : ids) {
    auto cancelled = Frame::parse(protocol::make_notification(
        "notifications/cancelled",
        fmt::format(R"({{"requestId":{},"reason":"the event stream has ended"}})", id)
    ));
    if (cancelled) service.notice(client.session, std::move(*cancelled));
  }
}

void SseDoor::end_streams() {
  for (const auto& [id, client] : impl_->clients) client->outlet->end();
}

awaitable<void> SseDoor::stop() {
  auto& door = *impl_;
  door.stopping = true;
  for (const auto& [id, client] : door.clients) {
    client->stirred.notify();
    client->outlet->hurry();
    door.cancel_requests(*client);
  }
  co_await door.tasks.join();
  end_streams();
  const auto until = door.worker.timers().now() + flush_time;
  while (!door.clients.empty() && co_await door.somebody_left.wait(until)) {
  }
  for (const auto& [id, client] : door.clients) client->outlet->cut();
  while (!door.clients.empty()) co_await door.somebody_left.wait();
}

// ---- messages

awaitable<void> SseDoor::message(HttpExchange& exchange, std::string principal) {
  if (exchange.method() != "POST") {
    Refusal refusal{405, "messages are posted here; the event stream is at /sse"};
    refusal.allowed = "POST";
    co_return co_await refuse(exchange, refusal);
  }
  const std::string id(session_id(exchange.query()));
  if (id.empty()) {
    co_return co_await refuse(exchange, {400, "sessionId is missing: open the event stream first"});
  }
  if (!is_json(exchange.header("Content-Type"))) {
    co_return co_await refuse(exchange, {415, "Content-Type is application/json"});
  }
  if (protocol::is_batch(exchange.body())) {
    co_return co_await refuse(exchange, {400, "one message a POST: HTTP+SSE has no batches"});
  }
  auto frame = Frame::parse(std::move(exchange.body()), {.max_depth = impl_->options.json_depth});
  if (!frame) {
    auto& error = frame.error();
    co_return co_await refuse(
        exchange, {400, std::move(error.message), error.code, std::move(error.id)}
    );
  }
  auto* home = impl_->home_of(id);
  std::optional<Refusal> refusal;
  if (home == nullptr) {
    refusal = no_session();
  } else if (home == impl_.get()) {
    refusal = co_await home->take(id, std::move(principal), std::move(*frame));
  } else {
    refusal = co_await asio::co_spawn(
        home->worker.executor(), home->take(id, std::move(principal), std::move(*frame)),
        asio::use_awaitable
    );
  }
  if (refusal) co_return co_await refuse(exchange, *refusal);
  co_await exchange.respond(202, {{"Content-Type", "text/plain"}}, "Accepted");
}

SseDoor::Impl* SseDoor::Impl::home_of(std::string_view id) const {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), index);
  if (error != std::errc{} || index >= peers.size() || peers[index] == nullptr) return nullptr;
  return peers[index]->impl_.get();
}

awaitable<std::optional<Refusal>> SseDoor::Impl::take(
    std::string id, std::string principal, Frame frame
) {
  const auto found = clients.find(id);
  if (found == clients.end() || found->second->principal != principal) co_return no_session();
  const auto client = found->second;
  if (!service.has_endpoint(client->endpoint)) co_return no_server(client->endpoint);
  const auto must_wait = [&] {
    return client->opening || (frame.is_request() && client->in_hand.size() >= options.requests);
  };
  while (!client->left && !stopping && must_wait()) co_await client->stirred.wait();
  if (stopping) co_return shutting_down();
  if (client->left) co_return no_session();
  co_await deliver(client, std::move(frame));
  co_return std::nullopt;
}

awaitable<void> SseDoor::Impl::deliver(ClientPtr client, Frame frame) {
  if (frame.is_request() && frame.method() == "ping") {
    co_await client->outlet->say(protocol::make_result(frame.id(), "{}"));
  } else if (!client->session) {
    if (!frame.is_request()) co_return;
    const bool asked = frame.method() == "initialize";
    client->opening = true;
    tasks.spawn(
        asked ? open(std::move(client), std::move(frame))
              : reopen(std::move(client), std::move(frame))
    );
  } else if (frame.is_request()) {
    auto request = std::make_unique<InHand>(std::move(client), frame.id(), in_flight);
    tasks.spawn(serve(std::move(request), std::move(frame)));
  } else {
    service.notice(client->session, std::move(frame));
  }
}

awaitable<void> SseDoor::Impl::open(ClientPtr client, Frame initialize) {
  const auto response = co_await open_session(client, std::move(initialize));
  co_await client->outlet->say(response);
  opened(client);
}

awaitable<void> SseDoor::Impl::reopen(ClientPtr client, Frame request) {
  co_await open_session(client, returning_initialize(client->version));
  opened(client);
  if (client->session) co_await deliver(std::move(client), std::move(request));
}

awaitable<std::string> SseDoor::Impl::open_session(const ClientPtr& client, Frame initialize) {
  const auto answer =
      co_await service.open(std::move(initialize), client->endpoint, client->principal);
  if (answer.session) {
    auto session = without_id(*answer.session);
    if (client->left) {
      service.end(session);
    } else {
      client->session = std::move(session);
    }
  }
  co_return answer.response;
}

void SseDoor::Impl::opened(const ClientPtr& client) {
  if (client->session && !client->left) listen(client);
  client->opening = false;
  client->stirred.notify();
}

void SseDoor::Impl::listen(const ClientPtr& client) {
  // A message may be on its way here when the stream is gone.
  service.listen(
      client->session,
      [weak = std::weak_ptr(client), &owner = worker](std::string message) {
        owner.post([weak, message = std::move(message)] {
          const auto reader = weak.lock();
          if (!reader || reader->outlet->tell(message)) return;
          core::log::warn(
              "server", "client {} does not read its notifications: its event stream is closed",
              reader->session->client_name
          );
        });
      }
  );
}

awaitable<void> SseDoor::Impl::serve(std::unique_ptr<InHand> request, Frame frame) {
  const auto client = request->client();
  if (client->left) co_return;
  auto responder =
      std::make_shared<SseResponder>(client, std::string(frame.id()), options.held_bytes);
  co_await service.request(client->session, std::move(frame), std::move(responder));
}

}  // namespace mooring::server
