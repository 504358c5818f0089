#pragma once

#include "world.hpp"

namespace mooring::upstream {

inline std::string params(std::string_view meta = {}) {
  return fmt::format(R"({{"name":"echo","arguments":{{}}{}}})", meta);
}
inline const std::string with_token = params(R"(,"_meta":{"progressToken":"mine"})");

inline std::string progress(std::string_view token, int value = 1) {
  return protocol::make_notification(
      "notifications/progress", fmt::format(R"({{"progressToken":{},"progress":{}}})", token, value)
  );
}

/// A call that is answered when told so; what the server says meanwhile goes through `say`.
struct Talk {
  explicit Talk(World& in) : world(in), go(in.home().executor(), in.home().timers()) {
    world.server->then("tools/call", [this](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
      sink = &ask.sink;
      id = ask.request.id;
      const bool came = co_await go.wait(std::nullopt, ask.request.abort);
      sink = nullptr;
      if (came) co_return outcome(protocol::make_result(id, "{}"));
      Failure failure;
      failure.aborted = true;
      co_return outcome(failure);
    });
  }
  void say(std::string bytes) {
    ASSERT_NE(sink, nullptr);
    world.run(sink->message(std::move(*Frame::parse(std::move(bytes)))));
  }
  void answer() {
    go.set();
    world.turn();
  }

  World& world;
  io::Event go;
  transport::Sink* sink = nullptr;
  std::string id;
};

}  // namespace mooring::upstream
