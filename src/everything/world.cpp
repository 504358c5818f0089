#include "everything/world.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {

namespace {

core::SealKey fresh_key(core::Random& random) {
  core::SealKey key;
  for (auto& byte : key) byte = static_cast<std::uint8_t>(random.next());
  return key;
}

}  // namespace

World::World(asio::any_io_executor on, core::Timers& clock, core::Random& source, Options given)
    : executor(std::move(on)),
      timers(clock),
      random(source),
      options(std::move(given)),
      sessions(clock, random, options),
      tasks(*this),
      sealer(fresh_key(random)) {
  add_contract_tools(tools);
  add_client_tools(tools);
  add_input_tools(tools);
  add_task_tools(tools);
  add_asking_prompts(asking_prompts);
  add_test_tools(tools);
  for (std::size_t i = 1; i <= options.extra_tools; ++i) {
    tools.add_dummy(fmt::format("extra_tool_{:04}", i));
  }
}

void World::broadcast(const std::string& message) {
  const auto tell = [&](Session& session) {
    if (session.outbox) session.outbox(message);
  };
  sessions.each(tell);
  for (const auto& listen : listens) tell(*listen);
}

void World::touch(const std::string& uri) {
  ++touched[uri];
  auto message = protocol::make_notification(
      "notifications/resources/updated", fmt::format(R"({{"uri":{}}})", protocol::quote(uri))
  );
  const auto tell = [&](Session& session) {
    if (session.outbox && session.subscriptions.contains(uri)) session.outbox(message);
  };
  sessions.each(tell);
  for (const auto& listen : listens) tell(*listen);
}

const Tool* World::runs(const gateway::ClientSession& client, const protocol::Frame& request)
    const {
  if (request.method() == "tools/call") {
    const auto* tool = tools.find(request.name());
    return tool != nullptr && tool->task_only && !client.modern() ? nullptr : tool;
  }
  return request.method() == "prompts/get" ? asking_prompts.find(request.name()) : nullptr;
}

}  // namespace mooring::everything
