#include "chaos/pass.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "chaos/event_splitter.hpp"
#include "chaos/gone_answer.hpp"
#include "core/log.hpp"
#include "io/http_fields.hpp"
#include "protocol/frame.hpp"

namespace mooring::chaos {
namespace {

using Kind = FaultKind;

constexpr std::string_view session_header = "Mcp-Session-Id";
constexpr std::size_t held_whole = 256 * 1024;  // a sized answer up to this keeps its length
constexpr std::size_t most_spoiled = std::size_t{64} << 20;

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [name](std::string_view each) {
    return io::equals_ignoring_case(name, each);
  });
}

/// RFC 9110 §7.6.1, and what the client in between writes itself.
bool stays_on_this_hop(std::string_view name) {
  static constexpr std::array<std::string_view, 11> names{
      "Connection", "Keep-Alive",     "Proxy-Connection",   "Proxy-Authorization",
      "TE",         "Trailer",        "Transfer-Encoding",  "Upgrade",
      "Host",       "Content-Length", "Proxy-Authenticate",
  };
  return is_one_of(name, names);
}

}  // namespace

Pass::Pass(Engine& engine, io::HttpExchange& exchange)
    : engine_(engine),
      exchange_(exchange),
      place_(engine.flows.insert(engine.flows.end(), &flow_)),
      number_(++engine.requests) {}

Pass::~Pass() { engine_.flows.erase(place_); }

void Pass::struck(std::string detail) {
  engine_.struck(*hits_.fault, flow_, number_, std::move(detail));
}

void Pass::missed() {
  if (hits_.fault) engine_.plan.missed(*hits_.fault);
  hits_.fault.reset();
}

awaitable<void> Pass::run() {
  look();
  exchange_.on_peer_gone([this] { flow_.abort.abort(); });
  const bool asks_for_modern =
      std::ranges::find(flow_.asked.methods, "server/discover") != flow_.asked.methods.end();
  if (asks_for_modern && engine_.about_sessions())
    co_return co_await send_own(unknown_method(request_id_));
  hits_ = engine_.plan.on_request(flow_.asked, engine_.worker.timers().now());
  if (hits_.delay) co_await delay();
  if (exchange_.peer_gone()) co_return missed();
  if (hits_.fault && co_await hit_before()) co_return;
  if (const auto* dialect = engine_.sessions.forgotten(flow_.session)) {
    missed();
    if (co_await answer_gone(exchange_, *dialect, engine_.worker.timers())) co_return;
  }
  co_await forward();
}

void Pass::look() {
  auto& asked = flow_.asked;
  asked.http_method = exchange_.method();
  asked.reused = exchange_.served_before() > 0;
  flow_.session = exchange_.header(session_header);
  if (const auto* id = engine_.sessions.upstream_id(flow_.session)) {
    asked.in_session = true;
    upstream_session_ = *id;
  }
  if (asked.http_method != "POST") return;
  std::vector<std::string> messages;
  if (!protocol::is_batch(exchange_.body())) {
    messages.push_back(exchange_.body());
  } else if (auto batch = protocol::split_batch(exchange_.body())) {
    messages = std::move(*batch);
  }
  for (auto& message : messages) {
    const auto frame = protocol::Frame::parse(std::move(message));
    if (!frame) continue;
    if (!frame->method().empty()) asked.methods.push_back(frame->method());
    if (!frame->is_request()) continue;
    asked.expects_response = true;
    request_id_ = frame->id();
  }
}

// ---- before the upstream

awaitable<void> Pass::delay() {
  auto& timers = engine_.worker.timers();
  const auto by = *engine_.plan.fault(*hits_.delay).time;
  engine_.struck(*hits_.delay, flow_, number_, fmt::format("{} ms", by.count()));
  co_await io::sleep_until(timers, timers.now() + by, &flow_.abort);
}

/// True: the request goes no further.
awaitable<bool> Pass::hit_before() {
  switch (fault().kind) {
    case Kind::expire:
      engine_.expire(fault(), flow_.session);
      struck(std::string(fault().dialect->name));
      hits_.fault.reset();
      co_return false;
    case Kind::reset_before:
    case Kind::stale:
      struck();
      exchange_.reset();
      co_return true;
    case Kind::restart:
      engine_.restart(*hits_.fault);
      exchange_.reset();
      engine_.wake.notify();
      co_return true;
    case Kind::hang:
      struck();
      co_await hang();
      co_return true;
    case Kind::unauthorized:
    case Kind::rate_limited:
    case Kind::server_error:
    case Kind::html:
      struck(fault().status == 0 ? std::string() : std::to_string(fault().status));
      co_await send_own(own_answer(fault(), {}));
      co_return true;
    case Kind::error_session: {
      const auto dead = engine_.sessions.dead_id(*fault().dialect);
      struck(fmt::format("{}, names {}", fault().status, dead));
      co_await send_own(own_answer(fault(), dead));
      co_return true;
    }
    default:
      co_return false;
  }
}

awaitable<void> Pass::hang() {
  auto& timers = engine_.worker.timers();
  if (fault().time) {
    co_await io::sleep_until(timers, timers.now() + *fault().time, &flow_.abort);
  } else {
    io::Event never(engine_.worker.executor(), timers);
    co_await never.wait(std::nullopt, &flow_.abort);
  }
  exchange_.reset();
}

// ---- to the upstream and back

io::OutgoingHttpRequest Pass::outgoing() {
  io::OutgoingHttpRequest request;
  request.method = exchange_.method();
  request.url = engine_.options.upstream;
  request.url.target = exchange_.path();
  if (!exchange_.query().empty()) request.url.target += fmt::format("?{}", exchange_.query());
  for (const auto& [name, value] : exchange_.headers()) {
    // What is spoiled has to be readable.
    static constexpr std::array<std::string_view, 2> ours{"Accept-Encoding", "Expect"};
    if (stays_on_this_hop(name) || is_one_of(name, ours)) continue;
    if (!io::equals_ignoring_case(name, session_header)) {
      request.headers.push_back({std::string(name), std::string(value)});
    } else if (!upstream_session_.empty()) {
      request.headers.push_back({std::string(name), upstream_session_});
    } else if (engine_.sessions.forgotten(value) == nullptr) {  // the upstream may know it
      request.headers.push_back({std::string(name), std::string(value)});
    }
  }
  request.body = std::move(exchange_.body());
  request.abort = &flow_.abort;
  return request;
}

awaitable<void> Pass::forward() {
  const auto response = co_await engine_.client.send(outgoing());
  if (!response) {
    missed();
    co_await upstream_failed(response.error());
    co_return;
  }
  take_head(**response);
  if (hits_.fault) {
    co_await deliver_hit(**response);
  } else {
    co_await pass_on(**response);
  }
}

awaitable<void> Pass::upstream_failed(const io::HttpFailure& failure) {
  using Stage = io::HttpFailure::Stage;
  if (failure.aborted) co_return exchange_.close();
  core::log::warn("chaos", "the upstream failed by itself: {}", failure.message);
  const bool reached = failure.stage == Stage::write || failure.stage == Stage::headers ||
                       failure.stage == Stage::body;
  if (reached) co_return exchange_.reset();
  co_await exchange_.respond(
      502, {{"Content-Type", "text/plain"}},
      fmt::format("mooring chaos cannot reach the upstream: {}\n", failure.message)
  );
}

void Pass::take_head(const Response& response) {
  status_ = response.status();
  is_stream_ = response.header("Content-Type").starts_with("text/event-stream");
  for (auto& [name, value] : response.headers()) {
    if (stays_on_this_hop(name)) continue;
    if (io::equals_ignoring_case(name, session_header)) {
      value = value == upstream_session_ ? flow_.session : engine_.sessions.id_for(value);
    }
    headers_.push_back({std::move(name), std::move(value)});
  }
  const bool closed = exchange_.method() == "DELETE" && status_ >= 200 && status_ < 300;
  if (closed) engine_.sessions.end(flow_.session);
}

std::vector<io::HeaderField> Pass::fields() const {
  std::vector<io::HeaderField> all;
  for (const auto& [name, value] : headers_) all.push_back({name, value});
  return all;
}

awaitable<bool> Pass::begin_stream() {
  const auto head = fields();
  if (!co_await exchange_.begin_stream(status_, head)) co_return false;
  flow_.streaming = is_stream_;
  co_return true;
}

/// What was not complete stays without its end, which the client sees.
awaitable<void> Pass::finish_stream(bool complete) {
  flow_.streaming = false;
  if (complete || flow_.ending == Flow::Ending::clean) co_await exchange_.end_stream();
}

awaitable<void> Pass::pass_on(Response& response) {
  const auto length = response.content_length();
  if (!is_stream_ && length && *length <= held_whole) {
    const auto body = co_await response.read_all(held_whole);
    if (!body) co_return exchange_.reset();
    const auto head = fields();
    co_await exchange_.respond(status_, head, *body);
    co_return;
  }
  if (!co_await begin_stream()) co_return;
  for (;;) {
    const auto piece = co_await response.read_some();
    if (!piece || piece->empty()) co_return co_await finish_stream(piece.has_value());
    if (!co_await exchange_.write(*piece)) co_return;
  }
}

// ---- spoiled answers

awaitable<void> Pass::deliver_hit(Response& response) {
  const bool whole = !is_stream_ && status_ == 200;
  switch (fault().kind) {
    case Kind::reset_after:
      co_await drain(response);
      if (exchange_.peer_gone()) co_return missed();
      struck(fmt::format("the answer was {}", status_));
      exchange_.reset();
      co_return;
    case Kind::garbage:
      co_await drain(response);
      struck();
      co_await send_own(own_answer(fault(), {}));
      co_return;
    case Kind::truncate:
      if (whole) co_return co_await truncate(response);
      break;
    case Kind::wrong_id:
      if (whole) co_return co_await wrong_id(response);
      if (is_stream_) co_return co_await spoil_events(response);
      break;
    default:  // cut
      if (is_stream_) co_return co_await spoil_events(response);
  }
  missed();
  co_await pass_on(response);
}

/// Reads the answer to its end: the upstream has done its work.
awaitable<void> Pass::drain(Response& response) {
  for (;;) {
    const auto piece = co_await response.read_some();
    if (!piece || piece->empty()) co_return;
  }
}

awaitable<void> Pass::send_own(const OwnAnswer& answer) {
  std::vector<io::HeaderField> head;
  for (const auto& [name, value] : answer.headers) head.push_back({name, value});
  co_await exchange_.respond(answer.status, head, answer.body);
}

awaitable<void> Pass::truncate(Response& response) {
  const auto body = co_await response.read_all(most_spoiled);
  if (!body) co_return exchange_.reset();
  const auto half = std::string_view(*body).substr(0, body->size() / 2);
  struck(fmt::format("{} of {} bytes", half.size(), body->size()));
  const auto head = fields();
  if (fault().whole_framing) {
    co_await exchange_.respond(status_, head, half);
  } else if (co_await begin_stream()) {
    co_await exchange_.write(half);
  }
}

awaitable<void> Pass::wrong_id(Response& response) {
  auto body = co_await response.read_all(most_spoiled);
  if (!body) co_return exchange_.reset();
  if (auto changed = with_wrong_id(*body, request_id_)) {
    struck();
    *body = std::move(*changed);
  } else {
    missed();
  }
  const auto head = fields();
  co_await exchange_.respond(status_, head, *body);
}

/// cut and wrong-id in an event stream: events pass one by one until the one that is hit.
awaitable<void> Pass::spoil_events(Response& response) {
  if (!co_await begin_stream()) co_return missed();
  EventSplitter splitter;
  std::uint64_t passed = 0;
  for (;;) {
    const auto piece = co_await response.read_some();
    if (!piece || piece->empty()) {
      if (flow_.ending != Flow::Ending::broken) missed();
      if (piece) co_await exchange_.write(splitter.rest());
      co_return co_await finish_stream(piece.has_value());
    }
    splitter.feed(*piece);
    while (auto event = splitter.next()) {
      const auto data = hits_.fault ? data_of(*event) : std::string();
      if (!data.empty() && fault().kind == Kind::cut && passed++ == fault().events) {
        struck();
        co_await exchange_.write(std::string_view(*event).substr(0, event->size() / 2));
        co_return;
      }
      if (!data.empty() && fault().kind == Kind::wrong_id) {
        if (const auto changed = with_wrong_id(data, request_id_)) {
          struck();
          hits_.fault.reset();
          *event = with_data(*event, *changed);
        }
      }
      if (!co_await exchange_.write(*event)) co_return missed();
    }
  }
}

}  // namespace mooring::chaos
