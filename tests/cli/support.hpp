#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/program.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::cli {

namespace json = boost::json;

/// The real program with a home, a configuration and a state directory of its own.
class Cli : public testing::Test {
 protected:
  static json::object everything_over_stdio() {
    return {{"command", MOORING_EVERYTHING}, {"args", json::array{"--stdio"}}};
  }
  static json::object at(std::string_view url) { return {{"url", url}}; }

  /// A mooring-everything of its own process; its URL.
  std::string serve_everything(const std::vector<std::string>& arguments = {}) {
    std::vector<std::string> words = {MOORING_EVERYTHING, "--listen", "127.0.0.1:0"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    servers.push_back(std::make_unique<test::Program>(words));
    return test::announced_url(*servers.back()) + "/mcp";
  }

  void configure(json::object by_name, json::object settings = {}) const {
    settings["listen"] = "127.0.0.1:0";
    const json::object whole = {
        {"mcpServers", std::move(by_name)}, {"gateway", std::move(settings)}
    };
    std::ofstream(config()) << json::serialize(whole);
  }

  std::string config() const { return (directory.path() / "mooring.json").string(); }
  std::string state() const { return (directory.path() / "state").string(); }

  test::Program::Environment home() const {
    return {
        {"HOME", directory.path().string()},
        {"XDG_CONFIG_HOME", ""},
        {"XDG_STATE_HOME", ""},
        {"MOORING_CONFIG", ""}
    };
  }

  std::vector<std::string> words(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), MOORING);
    arguments.insert(arguments.end(), {"--config", config(), "--state-dir", state()});
    return arguments;
  }

  /// `mooring ARGUMENTS --config … --state-dir …`, run to its end.
  test::Ended mooring(const std::vector<std::string>& arguments, std::string_view input = {})
      const {
    return test::run(words(arguments), home(), input);
  }

  /// Starts the gateway and waits until its log holds each of `until`.
  void start_gateway(const std::vector<std::string>& until) {
    gateway = std::make_unique<test::Program>(words({"serve"}), home());
    gateway_url = test::announced_url(*gateway);
    for (const auto& text : until) gateway->err_until(text);
  }

  static json::value parsed(const std::string& text) {
    boost::system::error_code error;
    auto value = json::parse(text, error);
    EXPECT_FALSE(error) << text;
    return value;
  }

  test::TemporaryDirectory directory;
  std::vector<std::unique_ptr<test::Program>> servers;
  std::unique_ptr<test::Program> gateway;
  std::string gateway_url;
};

}  // namespace mooring::cli
