#include "server/http_door.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <expected>
#include <unordered_map>

#include "core/log.hpp"
#include "core/random.hpp"
#include "protocol/messages.hpp"
#include "server/batch.hpp"
#include "server/event_stream.hpp"
#include "server/media_type.hpp"
#include "server/modern_door.hpp"
#include "server/modern_request.hpp"
#include "server/post_stream.hpp"

namespace mooring::server {

using gateway::ClientSessionPtr;
using io::HeaderField;
using io::HttpExchange;
using protocol::Frame;
using protocol::Version;

namespace {

constexpr std::array json_type = {HeaderField{"Content-Type", "application/json"}};

awaitable<void> refuse(HttpExchange& exchange, int status, std::string response) {
  co_await exchange.respond(status, json_type, response);
}

awaitable<void> refuse(
    HttpExchange& exchange, int status, int code, std::string_view message, std::string_view id = {}
) {
  return refuse(exchange, status, protocol::make_error(id, code, message));
}

awaitable<void> accept(HttpExchange& exchange) { co_await exchange.respond(202, {}, {}); }

/// Both texts are literals.
awaitable<void> refuse_method(
    HttpExchange& exchange, std::string_view allow, std::string_view message
) {
  const std::array headers = {HeaderField{"Allow", allow}, json_type[0]};
  co_await exchange.respond(
      405, headers, protocol::make_error({}, protocol::invalid_request, message)
  );
}

struct Refusal {
  int status;
  std::string message;
};

awaitable<void> refuse(HttpExchange& exchange, const Refusal& refusal) {
  return refuse(exchange, refusal.status, protocol::invalid_request, refusal.message);
}

/// Counts a request from its arrival to its answer, however that comes about.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::size_t>& count_;
};

std::string truthful_end(const EventId& id) {
  protocol::ErrorData data;
  data.kind = "session_lost";
  data.delivery = "unknown";
  data.outcome = "unknown";
  data.advice = "The call may have run; check its effect before you repeat it.";
  return protocol::make_error(
      id.request_id, protocol::internal_error,
      "the stream of this request is gone (the gateway was restarted)", data
  );
}

}  // namespace

struct HttpDoor::Impl {
  Impl(io::Worker& w, gateway::Service& s, HttpDoorOptions o)
      : worker(w),
        service(s),
        options(std::move(o)),
        streams(w, options.boot, options.streams, options.event_bytes, options.event_retention),
        tasks(w.executor()),
        modern(w, s, tasks, options.keepalive_comment, options.boot) {}

  awaitable<void> post(HttpExchange& exchange, std::string endpoint, std::string principal);
  awaitable<void> but_post(HttpExchange& exchange, std::string endpoint, std::string principal);
  awaitable<void> modern_post(
      HttpExchange& exchange, Frame frame, std::string endpoint, std::string principal
  );
  awaitable<void> open(
      HttpExchange& exchange, Frame frame, std::string endpoint, std::string principal
  );
  awaitable<void> request(HttpExchange& exchange, ClientSessionPtr session, Frame frame);
  awaitable<void> batch(HttpExchange& exchange, ClientSessionPtr session, std::string body);
  awaitable<void> get(HttpExchange& exchange, ClientSessionPtr session);
  awaitable<void> listen(HttpExchange& exchange, ClientSessionPtr session);
  awaitable<void> resume(HttpExchange& exchange, ClientSessionPtr session, EventId from);
  awaitable<void> remove(HttpExchange& exchange, ClientSessionPtr session);

  /// The session that the headers of an exchange name, or why there is none.
  std::expected<ClientSessionPtr, Refusal> session_of(
      const HttpExchange& exchange, const std::string& endpoint, const std::string& principal
  );
  awaitable<void> replay(
      HttpExchange& exchange, HttpDoor::Impl& home, std::shared_ptr<EventStream> stream,
      std::uint64_t seq, bool primed = false
  );
  /// On the home worker of the stream: waits for something to send.
  awaitable<EventStream::Batch> next(
      std::shared_ptr<EventStream> stream, std::uint64_t seq, std::uint64_t reader
  );
  awaitable<EventStream::Batch> next_from(
      Impl& home, std::shared_ptr<EventStream> stream, std::uint64_t seq, std::uint64_t reader
  );

  io::Worker& worker;
  gateway::Service& service;
  HttpDoorOptions options;
  EventStreams streams;
  io::TaskGroup tasks;
  ModernDoor modern;
  std::vector<HttpDoor*> peers;
  std::unordered_map<std::string, const EventStream*>
      listening;                           ///< the standalone stream of each session, by its key
  std::atomic<std::size_t> in_flight = 0;  ///< also read by the control worker
  bool stopping = false;
};

HttpDoor::HttpDoor(io::Worker& worker, gateway::Service& service, HttpDoorOptions options) {
  if (options.boot.empty()) options.boot = core::system_random().token(4);
  impl_ = std::make_unique<Impl>(worker, service, std::move(options));
  impl_->peers = {this};
}

HttpDoor::~HttpDoor() = default;

void HttpDoor::set_peers(std::vector<HttpDoor*> peers) { impl_->peers = std::move(peers); }

std::size_t HttpDoor::requests_in_flight() const { return impl_->in_flight; }

awaitable<void> HttpDoor::handle(
    HttpExchange& exchange, std::string endpoint, std::string principal
) {
  const bool post = exchange.method() == "POST" && impl_->service.has_endpoint(endpoint);
  return post ? impl_->post(exchange, std::move(endpoint), std::move(principal))
              : impl_->but_post(exchange, std::move(endpoint), std::move(principal));
}

// From here to the stream that is listened on, nothing is a coroutine but what has to wait: a
// stream stands for hours, and the frames of all that led to it with it.
awaitable<void> HttpDoor::Impl::but_post(
    HttpExchange& exchange, std::string endpoint, std::string principal
) {
  const auto method = exchange.method();
  if (!service.has_endpoint(endpoint)) {
    return refuse(
        exchange, 404, protocol::invalid_request,
        fmt::format("there is no server named {}", endpoint)
    );
  }
  const bool known = method == "GET" || method == "DELETE";
  if (!known || names_modern_version(exchange)) {
    return refuse_method(exchange, "GET, POST, DELETE", "use POST, GET or DELETE");
  }
  auto session = session_of(exchange, endpoint, principal);
  if (!session) return refuse(exchange, session.error());
  return method == "GET" ? get(exchange, std::move(*session))
                         : remove(exchange, std::move(*session));
}

void HttpDoor::end_listening() {
  impl_->streams.end_standalone();
  impl_->modern.end_listening();
}

awaitable<void> HttpDoor::stop() {
  impl_->stopping = true;
  co_await impl_->modern.stop();
  impl_->streams.end_all();
  co_await impl_->tasks.join();
}

std::expected<ClientSessionPtr, Refusal> HttpDoor::Impl::session_of(
    const HttpExchange& exchange, const std::string& endpoint, const std::string& principal
) {
  if (!exchange.has_header("Mcp-Session-Id")) {
    return std::unexpected(Refusal{400, "Mcp-Session-Id is missing: send initialize first"});
  }
  const auto session = service.find(exchange.header("Mcp-Session-Id"));
  if (!session || session->endpoint != endpoint || session->principal != principal) {
    return std::unexpected(Refusal{404, "Session not found"});
  }
  const auto version = exchange.header("MCP-Protocol-Version");
  if (!version.empty() && !protocol::parse_version(version)) {
    return std::unexpected(
        Refusal{400, fmt::format("MCP-Protocol-Version {} is not supported", version)}
    );
  }
  return session;
}

/// No coroutine: nothing of it has to be waited for.
awaitable<void> HttpDoor::Impl::post(
    HttpExchange& exchange, std::string endpoint, std::string principal
) {
  if (!is_json(exchange.header("Content-Type"))) {
    return refuse(exchange, 415, protocol::invalid_request, "Content-Type is application/json");
  }
  if (!accepts(exchange.header("Accept"), "application/json") &&
      !accepts(exchange.header("Accept"), "text/event-stream")) {
    return refuse(
        exchange, 406, protocol::invalid_request,
        "Accept names application/json and text/event-stream"
    );
  }
  if (protocol::is_batch(exchange.body())) {
    const auto session = session_of(exchange, endpoint, principal);
    if (!session) return refuse(exchange, session.error());
    return batch(exchange, *session, std::move(exchange.body()));
  }
  auto frame = Frame::parse(std::move(exchange.body()), {.max_depth = options.json_depth});
  if (!frame) {
    return refuse(exchange, 400, frame.error().code, frame.error().message, frame.error().id);
  }
  if (ModernDoor::is_meant(exchange, *frame)) {
    return modern_post(exchange, std::move(*frame), std::move(endpoint), std::move(principal));
  }
  if (frame->is_request() && frame->method() == "initialize") {
    return open(exchange, std::move(*frame), std::move(endpoint), std::move(principal));
  }
  const auto session = session_of(exchange, endpoint, principal);
  if (!session) return refuse(exchange, session.error());
  if (frame->is_request()) return request(exchange, *session, std::move(*frame));
  service.notice(*session, std::move(*frame));
  return accept(exchange);
}

awaitable<void> HttpDoor::Impl::modern_post(
    HttpExchange& exchange, Frame frame, std::string endpoint, std::string principal
) {
  // A listen stands until somebody ends it: nothing to wait for.
  std::optional<Counted> counted;
  if (frame.method() != "subscriptions/listen") counted.emplace(in_flight);
  co_await modern.post(exchange, std::move(frame), endpoint, principal);
}

awaitable<void> HttpDoor::Impl::open(
    HttpExchange& exchange, Frame frame, std::string endpoint, std::string principal
) {
  const auto version = exchange.header("MCP-Protocol-Version");
  if (!version.empty() && !protocol::parse_version(version)) {
    co_return co_await refuse(
        exchange, 400, protocol::invalid_request,
        fmt::format("MCP-Protocol-Version {} is not supported", version)
    );
  }
  const auto opened = co_await service.open(std::move(frame), endpoint, principal);
  if (!opened.session) {
    co_await exchange.respond(200, json_type, opened.response);
    co_return;
  }
  const std::array headers = {json_type[0], HeaderField{"Mcp-Session-Id", opened.session->id}};
  co_await exchange.respond(200, headers, opened.response);
}

awaitable<void> HttpDoor::Impl::request(
    HttpExchange& exchange, ClientSessionPtr session, Frame frame
) {
  const Counted counted(in_flight);
  const auto stream = std::allocate_shared<PostStream>(
      io::PoolAllocator<PostStream>(), worker, options, streams, tasks, exchange, session,
      std::string(frame.id())
  );
  stream->begin(accepts(exchange.header("Accept"), "text/event-stream"));
  if (options.always_stream) co_await stream->open();
  co_await service.request(std::move(session), std::move(frame), stream);
  if (!stream->close_now()) co_await stream->close();
}

awaitable<void> HttpDoor::Impl::batch(
    HttpExchange& exchange, ClientSessionPtr session, std::string body
) {
  // Batches came with 2025-03-26 and went with 2025-06-18.
  if (session->version != Version::v2025_03_26) {
    co_return co_await refuse(
        exchange, 400, protocol::invalid_request,
        "batches are only served in sessions of protocol 2025-03-26"
    );
  }
  auto messages = read_batch(std::move(body), options.json_depth);
  if (!messages) {
    co_return co_await refuse(
        exchange, 400, messages.error().code, messages.error().message, messages.error().id
    );
  }
  std::vector<Frame> requests;
  for (auto& message : *messages) {
    if (message.is_request()) {
      requests.push_back(std::move(message));
    } else {
      service.notice(session, std::move(message));
    }
  }
  if (requests.empty()) {
    co_await exchange.respond(202, {}, {});
    co_return;
  }
  const Counted counted(in_flight);
  const auto stream = std::make_shared<PostStream>(
      worker, options, streams, tasks, exchange, session, std::string()
  );
  stream->begin(accepts(exchange.header("Accept"), "text/event-stream"));
  if (options.always_stream) co_await stream->open();
  co_await serve_batch(worker, service, session, std::move(requests), stream);
  co_await stream->close();
}

awaitable<void> HttpDoor::Impl::get(HttpExchange& exchange, ClientSessionPtr session) {
  if (!accepts(exchange.header("Accept"), "text/event-stream")) {
    return refuse(exchange, 406, protocol::invalid_request, "Accept names text/event-stream");
  }
  if (options.json_only) {
    return refuse_method(exchange, "POST, DELETE", "this server offers no stream");
  }
  auto last = EventId::parse(exchange.header("Last-Event-ID"));
  // The standalone stream of an earlier boot simply starts anew.
  if (last && !(last->request_id.empty() && last->boot != streams.boot())) {
    return resume(exchange, std::move(session), std::move(*last));
  }
  return listen(exchange, std::move(session));
}

awaitable<void> HttpDoor::Impl::listen(HttpExchange& exchange, ClientSessionPtr session) {
  const auto stream = streams.make(session->key, {});
  listening[session->key] = stream.get();
  for (auto* peer : peers) {
    if (peer->impl_.get() == this) continue;
    // A stream that the session had there has lost its place: giving it up must not silence this
    // one.
    peer->impl_->worker.post([peer, key = session->key] { peer->impl_->listening.erase(key); });
  }
  stream->on_forgotten = [this, session, self = stream.get()] {
    // A later stream of the same session has taken its place long ago.
    const auto current = listening.find(session->key);
    if (current == listening.end() || current->second != self) return;
    listening.erase(current);
    service.unlisten(session);
  };
  service.listen(session, [&owner = worker, weak = std::weak_ptr(stream)](std::string message) {
    auto append = [weak, message = std::move(message)] {
      if (const auto open = weak.lock()) open->append(message);
    };
    if (owner.on_this_thread()) {
      append();
    } else {
      owner.post(std::move(append));
    }
  });
  return replay(exchange, *this, stream, 0, session->version >= Version::v2025_11_25);
}

awaitable<void> HttpDoor::Impl::resume(
    HttpExchange& exchange, ClientSessionPtr session, EventId from
) {
  const auto boot = from.boot;
  std::shared_ptr<EventStream> stream;
  Impl* home = nullptr;
  if (boot == streams.boot() && from.worker < peers.size()) {
    home = peers[from.worker]->impl_.get();
    auto look = [](Impl* owner, std::uint64_t number,
                   std::string key) -> awaitable<std::shared_ptr<EventStream>> {
      co_return owner->streams.find(number, key);
    };
    if (home == this) {
      stream = streams.find(from.stream, session->key);
    } else {
      stream = co_await asio::co_spawn(
          home->worker.executor(), look(home, from.stream, session->key), asio::use_awaitable
      );
    }
  }
  if (stream) co_return co_await replay(exchange, *home, std::move(stream), from.seq);
  if (from.request_id.empty()) co_return co_await listen(exchange, std::move(session));
  // The stream is forgotten or of another boot. Its client still waits for a response: it gets a
  // true one.
  const auto last_words = streams.make(session->key, from.request_id);
  last_words->append(truthful_end(from));
  last_words->end();
  co_await replay(exchange, *this, last_words, 0);
}

awaitable<EventStream::Batch> HttpDoor::Impl::next(
    std::shared_ptr<EventStream> stream, std::uint64_t seq, std::uint64_t reader
) {
  auto batch = stream->after(seq);
  if (batch.bytes.empty() && !batch.ended && stream->is_current(reader)) {
    co_await stream->changed().wait(worker.timers().now() + options.keepalive_comment);
    batch = stream->after(seq);
  }
  batch.superseded = !stream->is_current(reader);
  co_return batch;
}

awaitable<EventStream::Batch> HttpDoor::Impl::next_from(
    Impl& home, std::shared_ptr<EventStream> stream, std::uint64_t seq, std::uint64_t reader
) {
  if (&home == this) return next(std::move(stream), seq, reader);
  return asio::co_spawn(
      home.worker.executor(), home.next(std::move(stream), seq, reader), asio::use_awaitable
  );
}

awaitable<void> HttpDoor::Impl::replay(
    HttpExchange& exchange, Impl& home, std::shared_ptr<EventStream> stream, std::uint64_t seq,
    bool primed
) {
  constexpr std::array headers = {
      HeaderField{"Content-Type", "text/event-stream"}, HeaderField{"Cache-Control", "no-cache"},
      HeaderField{"X-Accel-Buffering", "no"}
  };
  auto take = [](std::shared_ptr<EventStream> of) -> awaitable<std::uint64_t> {
    co_return of->take_over();
  };
  const bool here = &home == this;
  const auto reader =
      here ? stream->take_over()
           : co_await asio::co_spawn(home.worker.executor(), take(stream), asio::use_awaitable);
  if (here) {
    exchange.on_peer_gone([weak = std::weak_ptr(stream)] {
      if (const auto open = weak.lock()) open->changed().notify();
    });
  }
  std::string first = ": listening\n\n";
  if (primed) first += stream->priming(options.retry_ms);
  bool open = co_await exchange.begin_stream(200, headers);
  // A comment makes proxies and clients see the stream at once, and is nothing to old clients.
  if (open) open = co_await exchange.write(first);
  while (open && !exchange.peer_gone() && !stopping) {
    const auto batch = co_await next_from(home, stream, seq, reader);
    if (batch.superseded || exchange.peer_gone()) break;
    if (!batch.bytes.empty()) {
      open = co_await exchange.write(batch.bytes);
      if (open) seq = batch.last;
    } else if (!batch.ended) {
      open = co_await exchange.write(": keep-alive\n\n");
    }
    if (batch.ended) break;
  }
  if (open && !exchange.peer_gone()) co_await exchange.end_stream();
  home.worker.post([&home, stream, reader] {
    if (stream->is_current(reader)) home.streams.release(stream);
  });
}

awaitable<void> HttpDoor::Impl::remove(HttpExchange& exchange, ClientSessionPtr session) {
  service.end(session);
  for (auto* peer : peers) {
    if (peer->impl_.get() == this) {
      streams.drop_session(session->key);
    } else {
      peer->impl_->worker.post([peer, key = session->key] {
        peer->impl_->streams.drop_session(key);
      });
    }
  }
  co_await exchange.respond(200, {}, {});
}

}  // namespace mooring::server
