#include "everything/everything_service.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <memory>
#include <mooring/version.hpp>

#include "core/log.hpp"
#include "everything/answers.hpp"
#include "everything/tool_call.hpp"
#include "gateway/modern_responder.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::everything {
namespace {

/// Says which revisions are served instead.
std::string other_era(std::string_view id, std::initializer_list<protocol::Version> supported) {
  std::string versions;
  for (const auto version : supported)
    versions += fmt::format("{}\"{}\"", versions.empty() ? "" : ",", protocol::to_string(version));
  return protocol::make_error_with(
      id, protocol::unsupported_protocol_version, "Unsupported protocol version",
      fmt::format(R"({{"supported":[{}]}})", versions)
  );
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

}  // namespace

EverythingService::EverythingService(World& world) : world_(world), modern_(world) { drop_later(); }

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
  if (world_.options.era == Era::modern) {
    opened.response = other_era(initialize.id(), {protocol::latest_modern});
    co_return opened;
  }
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
  if (client->modern() && world_.options.era == Era::legacy) {
    co_return co_await responder->finish(
        other_era(request.id(), {protocol::latest_legacy, protocol::Version::v2025_06_18})
    );
  }
  if (client->modern()) {
    auto answer =
        std::make_shared<gateway::ModernResponder>(std::move(responder), client, request, false);
    co_return co_await modern_.request(std::move(client), std::move(request), std::move(answer));
  }
  auto session = world_.sessions.find(client->key);
  std::string said;
  if (!session) {
    said = protocol::make_error(request.id(), protocol::invalid_request, "Session not found");
  } else if (world_.options.strict_init && !session->initialized && request.method() != "ping") {
    // The Python SDK's gate, word for word: it cannot be told from bad parameters.
    said = protocol::make_error_with(
        request.id(), protocol::invalid_params, "Invalid request parameters", R"("")"
    );
  } else if (const auto* tool = world_.runs(*client, request)) {
    said = co_await run_tool(tool->run, std::move(session), std::move(request), responder);
  } else {
    said = response(request.id(), answer(world_, *session, request));
  }
  co_await responder->finish(std::move(said));
}

awaitable<std::string> EverythingService::run_tool(
    ToolHandler run, SessionPtr session, protocol::Frame request, gateway::ResponderPtr responder
) {
  std::string id(request.id());
  ToolCall call(world_, std::move(session), std::move(request), std::move(responder));
  std::string result = co_await run(call);
  // The stream has to end with something; this is what the Python SDK says there.
  if (call.cancelled()) co_return protocol::make_error(id, 0, "Request cancelled");
  if (call.refusal()) co_return response(id, std::unexpected(*call.refusal()));
  co_return protocol::make_result(id, result);
}

void EverythingService::notice(gateway::ClientSessionPtr client, protocol::Frame message) {
  if (client->modern()) return modern_.notice(*client, message);
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
  world_.tasks.shut_down();
  modern_.shut_down();
}

}  // namespace mooring::everything
