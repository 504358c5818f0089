#include "everything/world.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {

World::World(asio::any_io_executor on, core::Timers& clock, core::Random& random, Options given)
    : executor(std::move(on)),
      timers(clock),
      options(std::move(given)),
      sessions(clock, random, options) {
  add_contract_tools(tools);
  add_client_tools(tools);
  add_test_tools(tools);
  for (std::size_t i = 1; i <= options.extra_tools; ++i) {
    tools.add_dummy(fmt::format("extra_tool_{:04}", i));
  }
}

void World::broadcast(const std::string& message) {
  sessions.each([&](Session& session) {
    if (session.outbox) session.outbox(message);
  });
}

void World::touch(const std::string& uri) {
  ++touched[uri];
  auto message = protocol::make_notification(
      "notifications/resources/updated", fmt::format(R"({{"uri":{}}})", protocol::quote(uri))
  );
  sessions.each([&](Session& session) {
    if (session.outbox && session.subscriptions.contains(uri)) session.outbox(message);
  });
}

}  // namespace mooring::everything
