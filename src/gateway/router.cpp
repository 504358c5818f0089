#include "gateway/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <mooring/version.hpp>

#include "core/log.hpp"
#include "gateway/own_sessions.hpp"
#include "protocol/messages.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

using protocol::Frame;
using upstream::ListKind;
using upstream::State;

namespace {

constexpr std::size_t cached_sessions = 16'384;
constexpr std::size_t kept_capabilities = 4096;

/// The server's capabilities as we stand for them: we notice every change of a list, whoever
/// announces it.
std::string with_list_changed(std::string capabilities) {
  for (const std::string_view list : {"tools", "resources", "prompts"}) {
    const auto found = protocol::member(capabilities, list);
    if (!found || !protocol::is_object(*found)) continue;
    const auto changed = protocol::with_member(*found, "listChanged", "true");
    capabilities = protocol::with_member(capabilities, list, changed);
  }
  return capabilities;
}

constexpr std::string_view everything_offered =
    R"({"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},)"
    R"("prompts":{"listChanged":true},"logging":{},"completions":{}})";

bool first_connect(const upstream::Snapshot& snapshot) {
  return snapshot.state == State::connecting && !snapshot.catalogue;
}

}  // namespace

Router::Router(io::Worker& worker, RouterShared shared)
    : worker_(worker),
      shared_(std::move(shared)),
      table_(std::make_shared<RoutingTable>()),
      client_requests_(worker, shared_.boot),
      table_changed_(worker.executor(), worker.timers()),
      landed_(worker.executor(), worker.timers()),
      relays_(worker.executor()) {}

Router::~Router() = default;

std::optional<ListKind> Router::list_kind(std::string_view method) {
  for (const auto kind : upstream::all_lists) {
    if (upstream::list_method(kind) == method) return kind;
  }
  return std::nullopt;
}

void Router::publish(std::shared_ptr<const RoutingTable> table) {
  table_ = std::move(table);
  table_changed_.notify();
}

void Router::set_link(const std::string& server, std::shared_ptr<upstream::Link> link) {
  if (link) {
    links_[server] = std::move(link);
  } else {
    links_.erase(server);
  }
}

std::shared_ptr<upstream::Link> Router::link(std::string_view server) const {
  const auto found = links_.find(server);
  return found == links_.end() ? nullptr : found->second;
}

void Router::abort_calls() { abort_calls("the gateway is shutting down", nullptr); }

void Router::abort_calls(std::string_view reason, const upstream::Link* using_link) {
  std::vector<std::string> keys;
  for (const auto& [key, flight] : in_flight_) {
    if (using_link == nullptr || flight->link.get() == using_link) keys.emplace_back(key);
  }
  for (const auto& key : keys) {
    const auto flight = in_flight_.find(key);  // one that ends may end others
    if (flight == in_flight_.end()) continue;
    flight->second->reason = reason;
    flight->second->abort.abort();
  }
}

awaitable<void> Router::stop() { co_await relays_.join(); }

awaitable<void> Router::drain(const upstream::Link* link, core::TimePoint until) {
  while (in_use_.contains(link) && worker_.timers().now() < until && !hurry_.aborted()) {
    co_await landed_.wait(until, &hurry_);
  }
  abort_calls("the configuration of this server has changed", link);
  while (in_use_.contains(link)) co_await landed_.wait();
}

void Router::hurry() { hurry_.abort(); }

void Router::restore_level(const std::string& session_key, int severity) {
  levels_[session_key] = {severity, worker_.timers().now() + shared_.session_ttl};
}

void Router::set_level_of(const ClientSession& session, std::optional<int> severity) {
  // A session without id is that of our stdin, which ends with the process.
  const auto until =
      session.id.empty() ? core::TimePoint::max() : worker_.timers().now() + shared_.session_ttl;
  for (auto* peer : peers_) {
    auto set = [peer, key = session.key, severity, until] {
      if (severity) {
        peer->levels_[key] = {*severity, until};
      } else {
        peer->levels_.erase(key);
      }
    };
    if (peer == this) {
      set();
    } else {
      peer->worker_.post(std::move(set));
    }
  }
}

void Router::purge() {
  std::erase_if(levels_, [now = worker_.timers().now()](const auto& entry) {
    return entry.second.until <= now;
  });
  std::erase_if(own_, [](const auto& entry) {
    return entry.second->snapshot().state == State::stopped;
  });
  std::erase_if(sessions_, [now = std::chrono::system_clock::now()](const auto& entry) {
    return entry.second.expires <= now;
  });
}

bool Router::has_endpoint(std::string_view endpoint) {
  return endpoint.empty() || table_->find(endpoint) != nullptr;
}

awaitable<Opened> Router::open(Frame initialize, std::string endpoint, std::string principal) {
  const auto offered = protocol::string_member(initialize.params(), "protocolVersion");
  if (offered.empty()) {
    co_return Opened{
        nullptr,
        protocol::make_error(
            initialize.id(), protocol::invalid_params, "initialize needs params.protocolVersion"
        )
    };
  }
  auto session = std::make_shared<ClientSession>();
  session->key = shared_.random->token(12);
  session->endpoint = endpoint;
  session->version = protocol::negotiate(offered);
  session->principal = std::move(principal);
  session->capabilities = "{}";
  if (const auto found = protocol::member(initialize.params(), "capabilities");
      found && protocol::is_object(*found)) {
    // The token travels in a header: only what we ask the client for is worth its bytes.
    std::string kept = "{}";
    for (const std::string_view name : {"roots", "sampling", "elicitation"}) {
      const auto value = protocol::member(*found, name);
      if (value && protocol::is_object(*value))
        kept = protocol::with_member(kept, name, protocol::one_line(*value));
    }
    if (kept.size() <= kept_capabilities) session->capabilities = std::move(kept);
  }
  if (const auto info = protocol::member(initialize.params(), "clientInfo")) {
    session->client_name = protocol::string_member(*info, "name").substr(0, 64);
  }
  session->id = shared_.codec->seal(*session, std::chrono::system_clock::now());
  auto result = co_await initialize_result(endpoint, session->version);
  core::log::info(
      "gateway", "client {} connected to /mcp{}{} (protocol {})", session->client_name,
      endpoint.empty() ? "" : "/", endpoint, protocol::to_string(session->version)
  );
  co_return Opened{std::move(session), protocol::make_result(initialize.id(), result)};
}

awaitable<std::string> Router::initialize_result(
    const std::string& endpoint, protocol::Version version
) {
  const auto about = co_await describe(endpoint);
  auto result = fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{},"serverInfo":{}}})",
      protocol::to_string(version), protocol::without_member(about.capabilities, "extensions"),
      about.info
  );
  if (!about.instructions.empty()) {
    result = protocol::with_member(result, "instructions", protocol::quote(about.instructions));
  }
  co_return result;
}

awaitable<Router::Description> Router::describe(const std::string& endpoint) {
  co_await wait_for_catalogues(endpoint);
  Description about;
  about.capabilities = everything_offered;
  about.info = fmt::format(R"({{"name":"mooring","version":"{}"}})", MOORING_VERSION);
  if (endpoint.empty()) {
    const bool all_known = std::ranges::none_of(links_, [](const auto& entry) {
      return first_connect(entry.second->snapshot());
    });
    if (all_known && table_->aggregate) about.capabilities = table_->aggregate->capabilities();
  } else if (const auto to = link(endpoint); to && to->snapshot().catalogue) {
    const auto& server = to->snapshot().server;
    about.capabilities = with_list_changed(server.capabilities);
    if (to->config().resources_as_tools && !protocol::member(about.capabilities, "tools")) {
      about.capabilities =
          protocol::with_member(about.capabilities, "tools", R"({"listChanged":true})");
    }
    about.info = server.info;
    about.instructions = server.instructions;
  }
  co_return about;
}

awaitable<void> Router::wait_for_catalogues(const std::string& endpoint) {
  const auto until = worker_.timers().now() + shared_.list_wait;
  while (!table_->aggregate && worker_.timers().now() < until) co_await table_changed_.wait(until);
  if (!endpoint.empty()) {
    if (const auto to = link(endpoint)) co_await to->wait_for_catalogue(until);
  } else {
    std::vector<std::shared_ptr<upstream::Link>> awaited;
    for (const auto& [name, to] : links_) {
      if (first_connect(to->snapshot())) awaited.push_back(to);
    }
    for (const auto& to : awaited) {
      if (first_connect(to->snapshot())) co_await to->wait_for_catalogue(until);
    }
  }
  co_await wait_for_table(endpoint, until);
}

/// The routing table follows a catalogue by a post or two.
awaitable<void> Router::wait_for_table(const std::string& endpoint, core::TimePoint until) {
  const auto lags = [this](const std::string& name, const upstream::Link& to) {
    const auto* shown = table_->find(name);
    const auto& catalogue = to.snapshot().catalogue;
    return shown != nullptr && catalogue && shown->from.catalogue != catalogue;
  };
  const auto any_lags = [&] {
    if (endpoint.empty())
      return std::ranges::any_of(links_, [&](const auto& entry) {
        return lags(entry.first, *entry.second);
      });
    const auto to = links_.find(endpoint);
    return to != links_.end() && lags(endpoint, *to->second);
  };
  while (any_lags() && worker_.timers().now() < until) co_await table_changed_.wait(until);
}

awaitable<void> Router::freshen(const ClientSession& session, ListKind kind) {
  const auto method = upstream::list_method(kind);
  const auto capability = method.substr(0, method.find('/'));
  io::TaskGroup asked(worker_.executor());
  for (const auto& to : links_of(session)) {
    const auto& snapshot = to->snapshot();
    if (!snapshot.session || snapshot.server.has(capability, "listChanged")) continue;
    if (const auto supervisor = to->supervisor()) asked.spawn(supervisor->freshen(kind));
  }
  if (asked.size() == 0) co_return;
  co_await asked.join();
  co_await wait_for_table(session.endpoint, worker_.timers().now() + shared_.list_wait);
}

ClientSessionPtr Router::find(std::string_view id) {
  const auto now = std::chrono::system_clock::now();
  const auto cached = sessions_.find(id);
  if (cached != sessions_.end()) {
    const auto& [session, expires] = cached->second;
    if (now < expires && !shared_.revocations->contains(session->key)) return session;
    sessions_.erase(cached);
    return nullptr;
  }
  auto opened = shared_.codec->open(id, now);
  if (!opened || shared_.revocations->contains(opened->session.key)) return nullptr;
  if (!has_endpoint(opened->session.endpoint)) return nullptr;
  if (sessions_.size() >= cached_sessions) sessions_.clear();
  auto session = std::make_shared<const ClientSession>(std::move(opened->session));
  sessions_.emplace(id, CachedSession{session, opened->expires});
  return session;
}

awaitable<void> Router::request(ClientSessionPtr session, Frame request, ResponderPtr responder) {
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  if (session->modern())
    co_return co_await modern_request(std::move(session), std::move(request), std::move(responder));
  const auto& method = request.method();
  if (method == "ping") {
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
  } else if (const auto kind = list_kind(method)) {
    co_await list(*session, request, *kind, *responder, *responder);
  } else if (method == "initialize") {
    co_await responder->finish(protocol::make_error(
        request.id(), protocol::invalid_request, "this session is initialized already"
    ));
  } else {
    Flight flight(*this, *session, request);
    if (!flight.refusal.empty()) {
      co_await responder->finish(flight.refusal);
    } else if (method == "logging/setLevel") {
      co_await set_level(session, request, responder, flight);
    } else if (method == "resources/subscribe" || method == "resources/unsubscribe") {
      co_await subscribe(session, request, responder, flight);
    } else {
      co_await call(session, request, responder, flight);
    }
  }
}

awaitable<void> Router::list(
    const ClientSession& session, const Frame& request, ListKind kind, Responder& ready,
    Responder& responder
) {
  if (protocol::is_object(request.params()) && protocol::member(request.params(), "cursor")) {
    co_await responder.finish(protocol::make_error(
        request.id(), protocol::invalid_params, "unknown cursor: this list comes in one page"
    ));
    co_return;
  }
  co_await wait_for_catalogues(session.endpoint);
  co_await freshen(session, kind);
  const auto table = table_;  // keeps the pieces
  const auto era = session.modern() ? Era::modern : Era::legacy;
  if (session.endpoint.empty()) {
    // Before the first table nobody lists anything.
    static const Aggregate nothing{std::vector<Contribution>()};
    const auto& aggregate = table->aggregate ? *table->aggregate : nothing;
    co_return co_await ready.finish(
        protocol::make_result_of(request.id(), aggregate.list(kind, era))
    );
  }
  const auto* shown = table->find(session.endpoint);
  if (shown == nullptr || !shown->view) {
    // Never connected: there is no last known good list. The call pipeline has the sentence for it.
    co_await responder.finish(
        co_await call_through(link(session.endpoint), request, nullptr, shared_.list_wait)
    );
  } else if (!shown->view->offers(kind)) {
    co_await responder.finish(protocol::make_error(
        request.id(), protocol::method_not_found,
        fmt::format("server {} has no {}", session.endpoint, upstream::list_member(kind))
    ));
  } else {
    co_await ready.finish(protocol::make_result_of(request.id(), shown->view->list(kind, era)));
  }
}

void Router::notice(ClientSessionPtr session, Frame message) {
  if (message.is_response()) {
    const auto home = client_requests_.home_of(message.id());
    if (!home || *home >= peers_.size()) return;
    if (*home == worker_.index()) {
      client_requests_.complete(session->key, std::move(message));
      return;
    }
    auto* peer = peers_[*home];
    peer->worker_.post([peer, session, shared = std::make_shared<Frame>(std::move(message))] {
      peer->client_requests_.complete(session->key, std::move(*shared));
    });
    return;
  }
  if (message.method() == "notifications/cancelled") return cancel(*session, message, true);
  if (message.method() != "notifications/initialized") forward_notice(*session, message);
}

void Router::cancel(const ClientSession& session, const Frame& message, bool ask_peers) {
  const auto found = in_flight_.find(flight_key(session, message.request_id()));
  if (found != in_flight_.end()) {
    found->second->reason = protocol::string_member(message.params(), "reason");
    found->second->abort.abort();
    return;
  }
  if (!ask_peers) return;
  for (auto* peer : peers_) {
    if (peer == this) continue;
    peer->worker_.post([peer, session, bytes = message.bytes()] {
      if (const auto again = Frame::parse(bytes)) peer->cancel(session, *again, false);
    });
  }
}

void Router::forward_notice(const ClientSession& session, const Frame& message) {
  // On the aggregate only what makes sense for every server goes on.
  if (session.endpoint.empty() && message.method() != "notifications/roots/list_changed") return;
  for (auto to : links_of(session)) {
    if (auto own = known_own(session.key, to->name())) to = std::move(own);
    if (!to->snapshot().session) continue;
    if (full(session.key)) {
      core::log::warn(
          "gateway", "a notification {} of client {} was dropped: too much of it is under way",
          message.method(), session.client_name
      );
      return;
    }
    relays_.spawn(forward(to, message.bytes(), std::make_shared<Place>(*this, session.key)));
  }
}

awaitable<void>
Router::forward(std::shared_ptr<upstream::Link> to, std::string bytes, std::shared_ptr<Place>) {
  co_await to->notify(std::move(bytes));
}

void Router::listen(ClientSessionPtr session, Outbox outbox) {
  // The servers asked for roots when they connected, and nobody was there to answer.
  if (protocol::member(session->capabilities, "roots")) {
    for (const auto& to : links_of(*session)) {
      if (to->snapshot().session) {
        relays_.spawn(to->notify(protocol::make_notification("notifications/roots/list_changed")));
      }
    }
  }
  shared_.control->listen(std::move(session), std::move(outbox));
}

void Router::unlisten(ClientSessionPtr session) { shared_.control->unlisten(std::move(session)); }

void Router::end(ClientSessionPtr session) {
  if (!session->id.empty()) {
    const auto cached = sessions_.find(session->id);
    const auto now = std::chrono::system_clock::now();
    const auto until =
        cached != sessions_.end() ? cached->second.expires : now + std::chrono::hours(24);
    shared_.revocations->add(session->key, until);
    sessions_.erase(session->id);
  }
  shared_.control->end(session);
  if (shared_.own != nullptr) shared_.own->end(session->key);
  set_level_of(*session, std::nullopt);
}

std::vector<std::shared_ptr<upstream::Link>> Router::links_of(const ClientSession& session) const {
  std::vector<std::shared_ptr<upstream::Link>> found;
  if (!session.endpoint.empty()) {
    if (auto to = link(session.endpoint)) found.push_back(std::move(to));
    return found;
  }
  found.reserve(links_.size());
  for (const auto& [name, to] : links_) found.push_back(to);
  return found;
}

std::size_t Router::EndsHash::operator()(std::string_view text) const noexcept {
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
  std::uint64_t first = 0, last = 0;
  const auto length = std::min(text.size(), sizeof first);
  std::memcpy(&first, text.data(), length);
  std::memcpy(&last, text.data() + (text.size() - length), length);
  // The upper half of a product depends on every byte.
  const auto mixed = (first * golden ^ last) * golden;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

std::string Router::flight_key(const ClientSession& session, std::string_view raw_id) const {
  std::string key;
  key.reserve(session.key.size() + 1 + raw_id.size());
  key.append(session.key).append(" ").append(raw_id);
  return key;
}

}  // namespace mooring::gateway
