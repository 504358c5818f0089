#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mooring/client.hpp>
#include <string>
#include <vector>

#include "support/program.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::client {

/// A Client and a mooring-everything that it talks to, over HTTP or as its child.
class ClientTest : public testing::Test {
 protected:
  static UpstreamConfig over_stdio(const std::vector<std::string>& arguments = {}) {
    UpstreamConfig config;
    config.name = "everything";
    config.command = MOORING_EVERYTHING;
    config.args = {"--stdio"};
    config.args.insert(config.args.end(), arguments.begin(), arguments.end());
    return config;
  }

  UpstreamConfig over_http(
      const std::vector<std::string>& arguments = {}, const std::string& listen = "127.0.0.1:0"
  ) {
    std::vector<std::string> words = {MOORING_EVERYTHING, "--listen", listen};
    words.insert(words.end(), arguments.begin(), arguments.end());
    server = std::make_unique<test::Program>(words);
    UpstreamConfig config;
    config.name = "everything";
    config.url = test::announced_url(*server) + "/mcp";
    return config;
  }

  ClientOptions options(ClientHandlers handlers = {}) const {
    ClientOptions made;
    made.guard = "/proc/self/exe";
    made.state_dir = state.path().string();
    made.handlers = std::move(handlers);
    return made;
  }

  Client connected(UpstreamConfig config, ClientHandlers handlers = {}) const {
    auto client = Client::connect(std::move(config), options(std::move(handlers)));
    if (!client) throw std::runtime_error(client.error().detail);
    return std::move(*client);
  }

  std::unique_ptr<test::Program> server;
  test::TemporaryDirectory state;
};

}  // namespace mooring::client
