// The part of the Router that reaches upstreams: who is meant, what is rewritten, what comes back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/answer_eras.hpp"
#include "gateway/argument_check.hpp"
#include "gateway/log_level.hpp"
#include "gateway/relay.hpp"
#include "gateway/resource_tools.hpp"
#include "gateway/rewrites.hpp"
#include "gateway/router.hpp"
#include "protocol/id_splicer.hpp"
#include "protocol/messages.hpp"
#include "protocol/names.hpp"
#include "upstream/call_rounds.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

using protocol::Frame;

namespace {

std::string refuse(const Frame& request, int code, std::string_view message) {
  return protocol::make_error(request.id(), code, message);
}

/// The request with its params replaced; the id and everything else stay.
std::optional<Frame> with_params(const Frame& request, std::string_view params) {
  auto parsed = Frame::parse(request.spliced({{request.params_span(), params}}));
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

/// The reference of completion/complete: {"type":"ref/prompt","name"} or
/// {"type":"ref/resource","uri"}.
struct Reference {
  std::string type, name, uri;
  std::string_view raw;
};

Reference reference_of(const Frame& request) {
  Reference reference;
  if (const auto ref = protocol::member(request.params(), "ref")) {
    reference.raw = *ref;
    reference.type = protocol::string_member(*ref, "type");
    reference.name = protocol::string_member(*ref, "name");
    reference.uri = protocol::string_member(*ref, "uri");
  }
  return reference;
}

bool is_about_resource(std::string_view method) {
  return method == "resources/read" || method == "resources/subscribe" ||
         method == "resources/unsubscribe";
}

/// What the aggregate says to a request that is meant for no server.
std::string nobody_has(const Frame& request) {
  const auto& method = request.method();
  if (method == "tools/call" || method == "prompts/get") {
    const auto* what = method == "tools/call" ? "tool" : "prompt";
    return refuse(
        request, protocol::invalid_params, fmt::format("Unknown {}: {}", what, request.name())
    );
  }
  if (is_about_resource(method)) {
    return protocol::make_error_with(
        request.id(), protocol::resource_not_found, "Resource not found",
        fmt::format(R"({{"uri":{}}})", protocol::quote(request.uri()))
    );
  }
  if (method == "completion/complete")
    return refuse(request, protocol::invalid_params, "unknown completion reference");
  return refuse(request, protocol::method_not_found, fmt::format("Method not found: {}", method));
}

}  // namespace

Router::Place::Place(Router& of, const std::string& session_key)
    : router_(of), entry_(*of.per_session_.try_emplace(session_key).first) {
  ++entry_.second;
}

Router::Place::~Place() {
  if (--entry_.second == 0) router_.per_session_.erase(entry_.first);
}

bool Router::full(const std::string& session_key) const {
  const auto running = per_session_.find(session_key);
  return running != per_session_.end() && running->second >= shared_.requests_per_session;
}

Router::Flight::Flight(Router& of, const ClientSession& session, const Frame& request)
    : router(of), key(of.flight_key(session, request.id())) {
  if (router.full(session.key)) {
    refusal = refuse(
        request, protocol::internal_error,
        fmt::format(
            "this session has {} requests in flight already; wait for some of them",
            router.shared_.requests_per_session
        )
    );
  } else if (!router.in_flight_.emplace(key, this).second) {
    refusal = refuse(request, protocol::invalid_request, "a request with this id is still running");
  } else {
    place.emplace(router, session.key);
  }
}

Router::Flight::~Flight() {
  if (place) router.in_flight_.erase(key);
  use(nullptr);
}

void Router::Flight::use(std::shared_ptr<upstream::Link> to) {
  if (to) ++router.in_use_[to.get()];
  const auto before = std::exchange(link, std::move(to));
  const auto count = router.in_use_.find(before.get());
  if (count == router.in_use_.end() || --count->second > 0) return;
  router.in_use_.erase(count);
  router.landed_.notify();
}

awaitable<void> Router::call(
    const ClientSessionPtr& session, const Frame& request, const ResponderPtr& responder,
    Flight& flight
) {
  auto known = target_now(*session, request);
  auto target = known ? std::move(*known) : co_await target_of(*session, request, flight.abort);
  if (!target.error.empty()) {
    co_await responder->finish(std::move(target.error));
    co_return;
  }
  counters_.calls.fetch_add(1, std::memory_order_relaxed);
  flight.use(target.link);
  auto refusal = mismatched_params(*session, request, target);
  if (refusal.empty()) refusal = refused_arguments(request, target);
  if (!refusal.empty()) {
    co_await responder->finish(std::move(refusal));
    co_return;
  }
  if (may_be_utility(target, request) &&
      co_await call_utility(target, request, *responder, flight)) {
    co_return;
  }

  Relay relay(*this, session, responder, target.link);
  upstream::CallRequest up;
  up.frame = target.frame ? &*target.frame : &request;
  up.name = target.name;
  up.sink = &relay;
  up.abort = &flight.abort;
  up.client_capabilities = session->capabilities;
  up.log_level = log_level_of(*session);
  const bool trims = request.method() == "tools/call" && target.link->config().result_chars;
  // Results change their era only as a whole.
  const bool modern = session->modern() || target.link->snapshot().server.modern();
  up.stream_over = trims || modern ? 0 : shared_.stream_over;
  up.reason_now = &flight.reason;
  const auto given_up = flight.abort.subscribe([&relay] { relay.give_up(); });
  if (!session->modern()) upstream::begin_rounds(up, *target.link, worker_.timers().now());
  auto result = co_await target.link->call(up);
  if (!session->modern() && upstream::goes_on(result)) {
    const auto ask = [&relay](Frame question, core::TimePoint until) {
      return relay.answer_to(std::move(question), until);
    };
    result = co_await upstream::rounds_after(
        std::move(result), worker_, *target.link, std::move(up), ask, *shared_.random
    );
  }
  if (result.stream) {
    co_await answer_in_parts(request, *target.link, *result.stream, *responder);
  } else {
    auto answer = whole_answer(request, *target.link, result);
    if (!result.error)
      answer = in_era_of(*session, request, *target.link, result.modern, std::move(answer));
    co_await responder->finish(std::move(answer));
  }
}

std::string Router::in_era_of(
    const ClientSession& session, const Frame& request, const upstream::Link& to, bool modern,
    std::string answer
) const {
  if (modern && session.modern())
    return with_task_name(session, request, to, modern_for_modern(std::move(answer), session));
  if (modern) return modern_for_legacy(std::move(answer), request.method());
  if (!session.modern()) return answer;
  return legacy_for_modern(std::move(answer), to.config().elicitation_enabled);
}

/// What a modern server is told. A legacy client hears of everything that matters until it says
/// otherwise: what a server sends unasked is its own choice in that era.
std::string_view Router::log_level_of(const ClientSession& session) const {
  if (session.modern()) return session.log_level;
  const auto level = levels_.find(session.key);
  return level == levels_.end() ? "info" : log_level_name(level->second.severity);
}

/// Where its endpoint or its name leads, as things stand.
Router::Target Router::direct_target(const ClientSession& session, const Frame& request) {
  if (session.endpoint.empty()) return aggregate_target(request);
  Target target;
  target.link = link(session.endpoint);
  return target;
}

std::optional<Router::Target> Router::target_now(
    const ClientSession& session, const Frame& request
) {
  const auto& method = request.method();
  if (!table_->aggregate || (session.modern() && method.starts_with("tasks/"))) return std::nullopt;
  auto target = direct_target(session, request);
  if (!target.link || !own_key(session, *target.link).empty()) return std::nullopt;
  look_at_request(request, target);
  return target;
}

awaitable<Router::Target> Router::target_of(
    const ClientSession& session, const Frame& request, io::AbortSource& abort
) {
  const auto& method = request.method();
  Target target;
  if (session.modern() && method.starts_with("tasks/")) {
    target = task_target(session, request);
    if (target.error.empty()) co_await take_own(session, request, target);
    co_return target;
  }
  // In the first moments of the process a server may be known by name alone.
  if (!table_->aggregate) {
    const auto begun_by = worker_.timers().now() + shared_.list_wait;
    while (!table_->aggregate && worker_.timers().now() < begun_by && !abort.aborted()) {
      co_await table_changed_.wait(begun_by, &abort);
    }
  }
  target = direct_target(session, request);
  if (session.endpoint.empty() && !target.link && !request.params().empty()) {
    const auto started = worker_.timers().now();
    // The name may belong to a server that is still connecting for the first time: its calls wait
    // for it.
    for (const auto& to : links_of(session)) {
      if (to->snapshot().state != upstream::State::connecting || to->snapshot().catalogue) continue;
      const auto prefix = protocol::public_name(to->name(), "");
      const bool may_be_its = method == "resources/read" || request.name().starts_with(prefix);
      if (!may_be_its) continue;
      const auto until =
          std::min(started + to->config().connect_timeout, started + to->config().timeout);
      if (co_await to->wait_for_catalogue(until, &abort)) {
        co_await wait_for_table(to->name(), worker_.timers().now() + shared_.list_wait);
      }
    }
    // What a server listed a moment ago may not be in the table of this worker yet.
    co_await wait_for_table({}, worker_.timers().now() + shared_.list_wait);
    target = aggregate_target(request);
  }
  if (!target.link) {
    if (target.error.empty())
      target.error = refuse(request, protocol::internal_error, "server is not connected");
    co_return target;
  }
  // What a modern client listens to comes from the session of all, by which it is heard.
  if (!session.modern() || method != "resources/subscribe") {
    co_await take_own(session, request, target);
    if (!target.error.empty()) co_return target;
  }
  look_at_request(request, target);
  co_return target;
}

/// Whether it may have what it asks for, and what has to be rewritten for it.
void Router::look_at_request(const Frame& request, Target& target) const {
  const auto& method = request.method();
  const auto* shown = table_->find(target.link->name());
  const auto& name = target.name ? *target.name : request.name();
  if (method == "tools/call" && shown != nullptr && shown->view && !shown->view->shows_tool(name)) {
    target.error =
        refuse(request, protocol::invalid_params, fmt::format("Unknown tool: {}", request.name()));
  }
  if (method == "prompts/get") {
    if (const auto arguments = protocol::member(request.params(), "arguments");
        arguments && protocol::is_object(*arguments)) {
      const auto strings = stringify_prompt_arguments(*arguments);
      if (strings != *arguments) {
        target.frame =
            with_params(request, protocol::with_member(request.params(), "arguments", strings));
      }
    }
  }
}

Router::Target Router::aggregate_target(const Frame& request) {
  const auto& method = request.method();
  const auto aggregate = table_->aggregate;
  Target target;
  std::optional<Route> route;
  std::optional<std::string_view> server;
  if (!aggregate) return target;
  if (method == "tools/call") {
    route = aggregate->tool(request.name());
  } else if (method == "prompts/get") {
    route = aggregate->prompt(request.name());
  } else if (is_about_resource(method)) {
    server = aggregate->server_of_resource(request.uri());
  } else if (method == "completion/complete") {
    const auto reference = reference_of(request);
    if (reference.type == "ref/prompt") {
      route = aggregate->prompt(reference.name);
      if (route) {
        const auto ref = protocol::with_member(reference.raw, "name", protocol::quote(route->name));
        target.frame = with_params(request, protocol::with_member(request.params(), "ref", ref));
        server = route->server;
        route.reset();
      }
    } else {
      server = aggregate->server_of_template(reference.uri);
      if (!server) server = aggregate->server_of_resource(reference.uri);
    }
  }
  if (route) {
    server = route->server;
    target.name = route->name;
  }
  if (server) target.link = link(*server);
  if (!target.link) target.error = nobody_has(request);
  return target;
}

/// As it is listed, which is what the client knows: also where it has a session of its own.
const upstream::CatalogueItem* Router::tool_of(const Target& target, const Frame& request) const {
  const auto shared = link(target.link->name());
  const auto& catalogue = (shared ? shared : target.link)->snapshot().catalogue;
  const auto& name = target.name ? *target.name : request.name();
  return catalogue ? (*catalogue)[upstream::ListKind::tools].find(name) : nullptr;
}

/// `validate_arguments`: a whole response where they break the tool's input schema.
std::string Router::refused_arguments(const Frame& request, const Target& target) const {
  if (request.method() != "tools/call" || !target.link->config().validate_arguments) return {};
  const auto* tool = tool_of(target, request);
  const auto schema = tool != nullptr ? protocol::member(tool->json, "inputSchema") : std::nullopt;
  if (!schema) return {};
  const auto fault =
      check_arguments(*schema, protocol::member(request.params(), "arguments").value_or("{}"));
  if (!fault) return {};
  const auto where = fault->path.empty() ? std::string() : " at " + fault->path;
  protocol::ErrorData data;
  data.server = target.link->name();
  data.kind = "other";
  data.delivery = "not_sent";
  data.outcome = "not_executed";
  data.advice = fmt::format("Correct the arguments{} and call the tool again.", where);
  return protocol::make_error(
      request.id(), protocol::invalid_params,
      fmt::format(
          "{}: invalid arguments: {} {}", request.name(),
          fault->path.empty() ? "the whole" : fault->path, fault->what
      ),
      data
  );
}

/// The response as the client gets it.
std::string Router::whole_answer(
    const Frame& request, const upstream::Link& to, const upstream::CallResult& result
) {
  if (result.error) {
    counters_.call_errors.fetch_add(1, std::memory_order_relaxed);
    return upstream::error_response(request.id(), to.name(), *result.error);
  }
  const auto& response = *result.response;
  const auto chars = to.config().result_chars;
  if (chars && request.method() == "tools/call" && !response.result().empty()) {
    if (const auto trimmed = trim_result(response.result(), *chars)) {
      return protocol::make_result(request.id(), *trimmed);
    }
  }
  if (!response.id_span()) {  // an error without id, correlated by its HTTP exchange
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{}}})", request.id(), response.error());
  }
  return response.spliced({{response.id_span(), request.id()}});
}

awaitable<void> Router::answer_in_parts(
    const Frame& request, const upstream::Link& to, transport::BodyStream& stream,
    Responder& responder
) {
  protocol::IdSplicer splicer{std::string(request.id())};
  std::string piece;
  bool ok = true, begun = false;
  for (;;) {
    const auto bytes = co_await stream.read_some();
    piece.clear();
    if (!bytes || (!bytes->empty() && !splicer.feed(*bytes, piece))) ok = false;
    if (!ok || bytes->empty()) break;
    begun = begun || !piece.empty();
    if (!piece.empty() && !co_await responder.finish_part(piece)) break;
  }
  if (begun) {
    co_await responder.finish_end(ok && splicer.complete());
    co_return;
  }
  upstream::CallError broken;
  broken.kind = "transient";
  broken.delivery = recovery::Delivery::unknown;
  broken.message = to.name() + ": the result broke off before its first byte";
  broken.advice = "The call may have run; check its effect before you repeat it.";
  co_await responder.finish(upstream::error_response(request.id(), to.name(), broken));
}

bool Router::may_be_utility(const Target& target, const Frame& request) {
  return request.method() == "tools/call" && target.link->config().resources_as_tools;
}

awaitable<bool> Router::call_utility(
    const Target& target, const Frame& request, Responder& responder, Flight& flight
) {
  const auto& name = target.name ? *target.name : request.name();
  if (tool_of(target, request) != nullptr) co_return false;
  const auto arguments = protocol::member(request.params(), "arguments").value_or("{}");
  const auto utility = utility_call(name, arguments);
  if (!utility) co_return false;
  if (!*utility) {
    co_await responder.finish(refuse(request, protocol::invalid_params, utility->error()));
    co_return true;
  }
  const auto& [method, params] = **utility;
  const auto frame = Frame::parse(protocol::make_request(request.id(), method, params));
  upstream::CallRequest up;
  up.frame = &*frame;
  up.client_capabilities = "{}";  // What the server asked could not become the result of a tool.
  up.abort = &flight.abort;
  up.reason_now = &flight.reason;
  auto result = co_await target.link->call(std::move(up));
  if (result.error || result.response->result().empty()) {
    co_await responder.finish(whole_answer(request, *target.link, result));
    co_return true;
  }
  co_await responder.finish(
      protocol::make_result(request.id(), as_tool_result(method, result.response->result()))
  );
  co_return true;
}

awaitable<std::string> Router::call_through(
    std::shared_ptr<upstream::Link> to, const Frame& request, Flight* flight,
    std::optional<core::Duration> timeout, transport::Sink* sink
) {
  if (!to) co_return refuse(request, protocol::internal_error, "server is not connected");
  upstream::CallRequest up;
  up.frame = &request;
  up.timeout = timeout;
  up.sink = sink;
  if (flight != nullptr) {
    up.abort = &flight->abort;
    up.reason_now = &flight->reason;
  }
  auto result = co_await to->call(std::move(up));
  if (result.error) co_return upstream::error_response(request.id(), to->name(), *result.error);
  const auto& response = *result.response;
  if (!response.id_span())
    co_return refuse(request, protocol::internal_error, "the server answered without id");
  co_return response.spliced({{response.id_span(), request.id()}});
}

awaitable<std::optional<std::string>> Router::ask(
    ClientSessionPtr session, Outbox outbox, const Frame& question, core::Duration timeout,
    io::AbortSource* abort
) {
  const auto id = client_requests_.next_id();
  const auto raw = question.id();
  const auto waiting = client_requests_.expect(id, session->key);
  outbox(question.spliced({{question.id_span(), id}}));
  auto response = co_await client_requests_.wait(waiting, worker_.timers().now() + timeout, abort);
  if (!response) co_return std::nullopt;
  co_return response->spliced({{response->id_span(), raw}});
}

}  // namespace mooring::gateway
