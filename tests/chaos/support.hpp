#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chaos/proxy.hpp"
#include "harness/client.hpp"
#include "harness/scripted_server.hpp"

namespace mooring::chaos {

using integration::Background;
using integration::Client;
using integration::Headers;
using integration::Inbox;
using integration::RawConnection;
using integration::Response;
using integration::ScriptedServer;

inline const Headers json_headers = {
    {"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}
};
inline constexpr auto initialize_body =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},)"
    R"("clientInfo":{"name":"t","version":"1"}}})";
inline constexpr auto call_body =
    R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{}}})";
inline constexpr auto ping_body = R"({"jsonrpc":"2.0","id":8,"method":"ping"})";

/// A proxy in this process with a clock of its own that only the test moves.
class TestProxy {
 public:
  explicit TestProxy(
      const std::string& upstream, const std::vector<std::string>& faults = {},
      bool control = false, std::function<bool(std::string_view)> host_ok = {}
  )
      : background_(0, Background::Time::manual) {
    ProxyOptions options{.upstream = core::Url::parse(upstream).value(), .seed = 7};
    for (const auto& fault : faults) options.faults.push_back(parse_fault(fault).value());
    options.control = control;
    options.host_ok = std::move(host_ok);
    proxy_.emplace(background_.worker, std::move(options), [this](const Injection& injection) {
      told.add(injection);
    });
    const auto bound = proxy_->listen("127.0.0.1", 0);
    if (!bound) throw std::runtime_error(bound.error().detail);
    port_ = bound->port;
    background_.start();
  }
  ~TestProxy() {
    background_.run(proxy_->stop());
    background_.call([this] { proxy_.reset(); });
    background_.stop();
  }
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/mcp") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  void advance(core::Duration by) { background_.advance(by); }
  /// Waits until so many faults of this name have struck.
  bool wait_told(std::string_view fault, std::size_t number = 1) {
    return told.wait_for(number, [fault](const Injection& each) { return each.fault == fault; });
  }
  std::string summary() {
    return background_.call([this] { return proxy_->summary(); });
  }

  Inbox<Injection> told;

 private:
  Background background_;
  std::optional<Proxy> proxy_;
  std::uint16_t port_ = 0;
};

/// A well-behaved upstream, a proxy before it and a client that knows the proxy alone.
class ChaosTest : public testing::Test {
 protected:
  void begin(
      const std::vector<std::string>& faults = {}, bool control = false,
      std::function<bool(std::string_view)> host_ok = {}
  ) {
    proxy.emplace(upstream.url(), faults, control, std::move(host_ok));
  }
  Response post(std::string body, Headers more = {}) {
    return client.send("POST", proxy->url(), with_session(std::move(more)), std::move(body));
  }
  Response call() { return post(call_body); }
  Response initialize() {
    session.clear();
    auto answer = post(initialize_body);
    session = answer.header("Mcp-Session-Id");
    return answer;
  }
  integration::Exchange listen() {
    return client.open("GET", proxy->url(), with_session({{"Accept", "text/event-stream"}}));
  }
  Headers with_session(Headers more) const {
    more.insert(more.end(), json_headers.begin(), json_headers.end());
    if (!session.empty()) more.emplace_back("Mcp-Session-Id", session);
    return more;
  }
  /// A POST as bytes, for a connection of one's own.
  std::string raw_post(std::string_view body) const {
    std::string text = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (const auto& [name, value] : with_session({})) text += name + ": " + value + "\r\n";
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  std::size_t calls_upstream() const { return upstream.count("tools/call"); }

  ScriptedServer upstream;
  std::optional<TestProxy> proxy;
  Client client;
  std::string session;
};

}  // namespace mooring::chaos
