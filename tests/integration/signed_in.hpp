#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>

#include "auth/server/socket_server.hpp"
#include "harness/gateway.hpp"
#include "harness/session.hpp"
#include "store/credential_store.hpp"

namespace mooring::integration {

using test_auth::Endpoint;
using test_auth::SocketServer;

/// A gateway before a server that wants access tokens, with a grant from `issue`.
class SignedIn : public testing::Test {
 protected:
  /// A grant as `mooring login` leaves it.
  auth::Grant issue(std::vector<std::string> scopes = {"read"}) {
    const auto now = server.now();
    auto grant = server.with([&](auto& as, auto& mcp) {
      return as.issue("app", mcp.resource(), scopes, now);
    });
    grant.client.kind = auth::Registration::Kind::dynamic;
    return grant;
  }
  static void keep(auth::CredentialStore& store, const auth::GrantKey& key, auth::Grant grant) {
    std::promise<Result<void>> kept;
    store.keep(key, std::move(grant), [&](Result<void> done) { kept.set_value(std::move(done)); });
    ASSERT_TRUE(kept.get_future().get());
  }
  static std::optional<auth::Grant> kept(auth::CredentialStore& store, const auth::GrantKey& key) {
    std::promise<Result<std::optional<auth::Grant>>> found;
    store.find(key, [&](auto result) { found.set_value(std::move(result)); });
    return found.get_future().get().value_or(std::nullopt);
  }
  auth::GrantKey key() const { return {server.mcp_url(), {}}; }
  /// With `grant` in its store from the beginning.
  std::unique_ptr<TestGateway> start(
      const std::optional<auth::Grant>& grant, GatewayOptions options = {}, std::string more = {}
  ) {
    if (options.state_dir.empty()) options.state_dir = state.path();
    if (grant) {
      const auto store = store::open_credentials(options.state_dir, options.key);
      keep(**store, key(), *grant);
    }
    return std::make_unique<TestGateway>(
        servers({{"one", fmt::format(R"({{"url":"{}"{}}})", server.mcp_url(), more)}}), options
    );
  }
  int refreshes() {
    return server.with([](auto& as, auto&) { return as.grants("refresh_token"); });
  }
  int executed(std::string_view tool) {
    return server.with([&](auto&, auto& mcp) { return mcp.executed(tool); });
  }
  int initializes() {
    return server.with([](auto&, auto& mcp) { return mcp.initializes(); });
  }
  int asked_of_authority() {
    return server.with([](auto& as, auto&) { return static_cast<int>(as.seen().size()); });
  }
  void expire() {
    server.with([](auto& as, auto&) { as.expire_access_tokens(); });
  }

  test::TemporaryDirectory state;
  SocketServer server;
  Client client;
};

}  // namespace mooring::integration
