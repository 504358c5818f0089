#pragma once

#include <memory>
#include <string>
#include <vector>

#include "protocol/modern.hpp"
#include "world.hpp"

namespace mooring::upstream {

/// Lets the server of a World speak 2026-07-28: no sessions, an envelope in every request, listens
/// that stay open.
class ModernSide {
 public:
  enum class Era { legacy, modern, both };
  /// One `subscriptions/listen`, as the server has it.
  struct Listen {
    Listen(io::Worker& worker, const FakeServer::Ask& ask)
        : id(ask.request.id),
          params(ask.params),
          sink(&ask.sink),
          ends(worker.executor(), worker.timers()) {}
    std::string id;
    std::string params;
    transport::Sink* sink;
    bool open = true;
    bool given_up = false;  ///< by us, not by the server
    io::Event ends;
    transport::Outcome end;  ///< with which it ends

    std::string wanted() const {
      return std::string(protocol::member(params, "notifications").value_or(""));
    }
  };

  explicit ModernSide(World& world, Era era = Era::modern) : world_(world) {
    world.server->with_session_ids = false;
    become(era);
  }

  void become(Era era) {
    auto& always = world_.server->always;
    for (const auto* method : {"server/discover", "initialize", "subscriptions/listen"})
      always.erase(method);
    if (era == Era::legacy) {
      always["server/discover"] = refuses("server/discover");
      return;
    }
    if (era == Era::modern) always["initialize"] = refuses("initialize");
    always["server/discover"] = [this](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
      co_return outcome(protocol::make_result(ask.request.id, discover_result()));
    };
    always["subscriptions/listen"] = [this](FakeServer::Ask ask) { return listen(ask); };
  }
  std::string discover_result() const {
    return fmt::format(
        R"({{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"_meta":{{"io.modelcontextprotocol/serverInfo":{{"name":"fake"}}}}}})",
        world_.server->capabilities
    );
  }

  /// A complete answer with an error of JSON-RPC, as it comes over HTTP or stdio.
  transport::Outcome error(
      const FakeServer::Ask& ask, int status, int code, std::string_view message = "no",
      std::string_view data = "{}"
  ) const {
    auto body = protocol::make_error_with(ask.request.id, code, message, data);
    if (world_.config->url.empty()) return outcome(std::move(body));
    auto failure = http_failure(status);
    failure.body = std::move(body);
    failure.method = ask.request.method;
    return outcome(std::move(failure));
  }
  FakeServer::Step says(int status, int code, std::string message = "no") const {
    return [this, status, code, message](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
      co_return error(ask, status, code, message);
    };
  }

  /// How the next listen is answered, in place of the usual way.
  bool acknowledges = true;
  std::string honours;  ///< what is acknowledged; empty: all that is asked for
  std::vector<std::shared_ptr<Listen>> listens;

  std::size_t open() const {
    std::size_t all = 0;
    for (const auto& each : listens) all += each->open ? 1 : 0;
    return all;
  }
  Listen& last() const {
    if (listens.empty()) throw std::runtime_error("nobody listens");
    return *listens.back();
  }
  /// A notification on one listen.
  void tell(Listen& to, std::string_view method, std::string_view params = "{}") {
    auto frame = Frame::parse(protocol::make_notification(
        method, protocol::with_meta(params, protocol::meta_subscription_id, to.id)
    ));
    world_.run([](transport::Sink& sink, Frame what) -> awaitable<void> {
      co_await sink.message(std::move(what));
    }(*to.sink, std::move(*frame)));
    world_.turn();
  }
  void acknowledge(Listen& listen) {
    tell(listen, "notifications/subscriptions/acknowledged", acknowledgement(listen));
  }
  void end(Listen& listen, transport::Outcome with) {
    listen.end = std::move(with);
    listen.ends.set();
    world_.turn();
  }
  /// As a connection breaks.
  void break_off(Listen& listen) { end(listen, outcome(reset())); }

 private:
  FakeServer::Step refuses(std::string method) const {
    return says(404, protocol::method_not_found, "Method not found: " + method);
  }
  std::string acknowledgement(const Listen& listen) const {
    return fmt::format(R"({{"notifications":{}}})", honours.empty() ? listen.wanted() : honours);
  }
  awaitable<transport::Outcome> listen(FakeServer::Ask ask) {
    const auto listen = std::make_shared<Listen>(world_.home(), ask);
    listens.push_back(listen);
    if (acknowledges) {
      auto frame = Frame::parse(protocol::make_notification(
          "notifications/subscriptions/acknowledged",
          protocol::with_meta(acknowledgement(*listen), protocol::meta_subscription_id, listen->id)
      ));
      co_await ask.sink.message(std::move(*frame));
    }
    const bool ended = co_await listen->ends.wait(std::nullopt, ask.request.abort);
    listen->open = false;
    listen->given_up = !ended;
    if (ended) co_return std::move(listen->end);
    Failure failure;
    failure.delivery = Delivery::unknown;
    failure.aborted = true;
    co_return outcome(failure);
  }

  World& world_;
};

inline UpstreamConfig modern_http(ProtocolEra era = ProtocolEra::automatic) {
  auto config = World::http();
  config.protocol = era;
  return config;
}
inline UpstreamConfig modern_stdio(ProtocolEra era = ProtocolEra::automatic) {
  auto config = World::stdio();
  config.protocol = era;
  return config;
}

}  // namespace mooring::upstream
