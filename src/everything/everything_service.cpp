#include "everything/everything_service.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <mooring/version.hpp>
#include <vector>

#include "core/log.hpp"
#include "everything/prompts.hpp"
#include "everything/resources.hpp"
#include "everything/tool_call.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {
namespace {

constexpr std::string_view cursor_prefix = "from-";

std::unexpected<RpcError> rpc_error(int code, std::string message, std::string data = {}) {
  return std::unexpected(RpcError{code, std::move(message), std::move(data)});
}

std::string error_response(std::string_view id, const RpcError& error) {
  if (error.data.empty()) return protocol::make_error(id, error.code, error.message);
  return protocol::make_error_with(id, error.code, error.message, error.data);
}

std::string server_hello(protocol::Version version) {
  return fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{{"tools":{{"listChanged":true}},)"
      R"("resources":{{"subscribe":true,"listChanged":true}},"prompts":{{"listChanged":true}},)"
      R"("logging":{{}},"completions":{{}}}},)"
      R"("serverInfo":{{"name":"mooring-everything","title":"Mooring Everything","version":"{}"}},)"
      R"("instructions":"A server that has everything: made for tests and demonstrations."}})",
      protocol::to_string(version), MOORING_VERSION
  );
}

/// One page of a list, from the cursor in `params` on.
RpcResult page(
    std::string_view key, const std::vector<std::string_view>& items, std::string_view params,
    std::size_t page_size
) {
  std::size_t from = 0;
  if (auto raw = protocol::member(params, "cursor")) {
    auto cursor = protocol::unescape(*raw);
    const char* end = cursor.data() + cursor.size();
    if (!cursor.starts_with(cursor_prefix))
      return rpc_error(protocol::invalid_params, "Invalid cursor");
    auto read = std::from_chars(cursor.data() + cursor_prefix.size(), end, from);
    if (read.ec != std::errc{} || read.ptr != end || from == 0) {
      return rpc_error(protocol::invalid_params, "Invalid cursor");
    }
  }
  std::string text;
  std::size_t to = page_size == 0 ? items.size() : std::min(items.size(), from + page_size);
  for (std::size_t i = from; i < to; ++i) {
    if (i > from) text += ',';
    text += items[i];
  }
  auto result = fmt::format(R"({{"{}":[{}])", key, text);
  if (to < items.size()) result += fmt::format(R"(,"nextCursor":"{}{}")", cursor_prefix, to);
  return result + '}';
}

}  // namespace

EverythingService::EverythingService(World& world) : world_(world) { drop_later(); }

EverythingService::~EverythingService() { world_.timers.cancel(dropping_); }

void EverythingService::drop_later() {
  if (!world_.options.drop_every) return;
  dropping_ = world_.timers.arm_after(*world_.options.drop_every, [this] {
    core::log::info("everything", "forgetting {} sessions", world_.sessions.size());
    world_.sessions.forget_all();
    if (on_drop_) on_drop_();
    drop_later();
  });
}

awaitable<gateway::Opened> EverythingService::open(
    protocol::Frame initialize, std::string endpoint, std::string principal
) {
  gateway::Opened opened;
  auto offered = protocol::string_member(initialize.params(), "protocolVersion");
  if (offered.empty()) {
    opened.response = protocol::make_error(
        initialize.id(), protocol::invalid_params, "params.protocolVersion is missing"
    );
    co_return opened;
  }
  gateway::ClientSession client;
  client.endpoint = std::move(endpoint);
  client.principal = std::move(principal);
  client.version = protocol::negotiate(offered);
  client.capabilities = protocol::member(initialize.params(), "capabilities").value_or("{}");
  auto info = protocol::member(initialize.params(), "clientInfo").value_or("{}");
  client.client_name = protocol::string_member(info, "name");
  opened.session = world_.sessions.open(std::move(client))->client;
  opened.response = protocol::make_result(initialize.id(), server_hello(opened.session->version));
  co_return opened;
}

gateway::ClientSessionPtr EverythingService::find(std::string_view id) {
  auto session = world_.sessions.find(id);
  return session ? session->client : nullptr;
}

awaitable<void> EverythingService::request(
    gateway::ClientSessionPtr client, protocol::Frame request, gateway::ResponderPtr responder
) {
  auto session = world_.sessions.find(client->key);
  std::string response;
  if (!session) {
    response = protocol::make_error(request.id(), protocol::invalid_request, "Session not found");
  } else if (world_.options.strict_init && !session->initialized && request.method() != "ping") {
    // The Python SDK's gate, word for word: it cannot be told from bad parameters.
    response = protocol::make_error_with(
        request.id(), protocol::invalid_params, "Invalid request parameters", R"("")"
    );
  } else if (request.method() == "tools/call" && world_.tools.find(request.name()) != nullptr) {
    response = co_await call_tool(std::move(session), std::move(request), responder);
  } else {
    auto result = answer(*session, request);
    response = result ? protocol::make_result(request.id(), *result)
                      : error_response(request.id(), result.error());
  }
  co_await responder->finish(std::move(response));
}

awaitable<std::string> EverythingService::call_tool(
    SessionPtr session, protocol::Frame request, gateway::ResponderPtr responder
) {
  std::string id(request.id());
  auto run = world_.tools.find(request.name())->run;
  ToolCall call(world_, std::move(session), std::move(request), std::move(responder));
  std::string result = co_await run(call);
  // The stream has to end with something; this is what the Python SDK says there.
  if (call.cancelled()) co_return protocol::make_error(id, 0, "Request cancelled");
  co_return protocol::make_result(id, result);
}

RpcResult EverythingService::answer(Session& session, const protocol::Frame& request) {
  const auto& method = request.method();
  if (method == "ping") return "{}";
  if (method.ends_with("/list")) return list(request);
  if (method == "tools/call") {
    return rpc_error(protocol::invalid_params, "Unknown tool: " + request.name());
  }
  if (method == "resources/read") return read_resource(world_, request.uri());
  if (method == "resources/subscribe") return subscribe(session, request, true);
  if (method == "resources/unsubscribe") return subscribe(session, request, false);
  if (method == "prompts/get") {
    Arguments arguments(protocol::member(request.params(), "arguments").value_or("{}"));
    return get_prompt(request.name(), arguments);
  }
  if (method == "completion/complete") return complete(request.params());
  if (method == "logging/setLevel") {
    auto level = protocol::string_member(request.params(), "level");
    if (log_level(level) < 0) return rpc_error(protocol::invalid_params, "Unknown level: " + level);
    session.log_level = log_level(level);
    return "{}";
  }
  return rpc_error(protocol::method_not_found, "Method not found: " + method);
}

RpcResult EverythingService::list(const protocol::Frame& request) {
  const auto& method = request.method();
  auto size = world_.options.page_size;
  if (method == "tools/list") {
    return page("tools", world_.tools.definitions(), request.params(), size);
  }
  if (method == "resources/list") {
    return page("resources", resource_definitions(), request.params(), size);
  }
  if (method == "resources/templates/list") {
    return page("resourceTemplates", resource_template_definitions(), request.params(), size);
  }
  if (method == "prompts/list")
    return page("prompts", prompt_definitions(), request.params(), size);
  return rpc_error(protocol::method_not_found, "Method not found: " + method);
}

RpcResult EverythingService::subscribe(Session& session, const protocol::Frame& request, bool on) {
  const auto& uri = request.uri();
  if (!on) {
    session.subscriptions.erase(uri);
    return "{}";
  }
  if (auto known = read_resource(world_, uri); !known) return known;
  session.subscriptions.insert(uri);
  return "{}";
}

void EverythingService::notice(gateway::ClientSessionPtr client, protocol::Frame message) {
  auto session = world_.sessions.find(client->key);
  if (!session) return;
  if (message.is_response()) {
    auto asked = session->asks.find(std::string(message.id()));
    if (asked == session->asks.end()) return;
    auto ask = asked->second;
    ask->answer = std::move(message);
    ask->answered.set();
  } else if (message.method() == "notifications/initialized") {
    session->initialized = true;
  } else if (message.method() == "notifications/cancelled") {
    auto running = session->calls.find(std::string(message.request_id()));
    if (running != session->calls.end()) running->second->abort();
  }
}

void EverythingService::listen(gateway::ClientSessionPtr client, gateway::Outbox outbox) {
  auto session = world_.sessions.find(client->key);
  if (!session) return;
  session->outbox = std::move(outbox);
  session->lasts = client->id.empty();
}

void EverythingService::unlisten(gateway::ClientSessionPtr client) {
  world_.sessions.unlisten(client->key);
}

void EverythingService::end(gateway::ClientSessionPtr client) { world_.sessions.end(client->key); }

void EverythingService::shut_down() {
  world_.timers.cancel(dropping_);
  world_.sessions.cancel_calls();
}

}  // namespace mooring::everything
