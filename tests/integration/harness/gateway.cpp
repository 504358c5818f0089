#include "harness/gateway.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "config/config.hpp"
#include "config/header_values.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "store/credential_store.hpp"

namespace mooring::integration {

namespace {

config::Config read(std::string_view text) {
  const auto env = [](std::string_view name) -> std::optional<std::string> {
    const auto* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  auto parsed = config::parse(text, "test.json", env);
  if (!parsed) throw std::runtime_error(parsed.error().detail);
  return std::move(*parsed);
}

}  // namespace

TestGateway::TestGateway(std::string_view text, GatewayOptions options) {
  auto config = read(text);
  core::log::configure(config.gateway.log_level, config.gateway.log_format);
  std::vector<io::Worker*> pointers;
  for (unsigned i = 0; i < options.workers; ++i) {
    workers_.push_back(std::make_unique<Background>(i, options.time));
    pointers.push_back(&workers_.back()->worker);
  }
  state_dir_ = options.state_dir.empty() ? own_state_.path() : options.state_dir;
  auto store = store::SessionStore::open(state_dir_ / "sessions.db");
  if (!store) throw std::runtime_error(store.error().detail);
  store_ = std::move(*store);
  channels_ = std::make_unique<transport::SystemChannels>(state_dir(), std::move(options.proxies));
  gateway_ = std::make_unique<gateway::Gateway>(
      pointers, *channels_, core::system_random(), config.gateway, options.key, store_.get()
  );
  auto history =
      store::HistoryStore::open(state_dir_ / "history.db", std::chrono::system_clock::now());
  if (!history) throw std::runtime_error(history.error().detail);
  history_ = std::move(*history);
  gateway_->record_in(history_.get());
  auto credentials = store::open_credentials(state_dir_, options.key);
  if (!credentials) throw std::runtime_error(credentials.error().detail);
  credentials_ = std::move(*credentials);
  auth::AuthenticatorParts parts;
  parts.store = credentials_;
  parts.fetcher = [](io::Worker& home, const UpstreamConfig&) {
    return std::make_unique<auth::HttpFetcher>(home, io::TlsClientOptions{}, nullptr);
  };
  parts.headers = [](const UpstreamConfig& server) {
    return config::resolve_headers(server, config::process_env());
  };
  parts.clock = [ahead = ahead_] {
    return std::chrono::system_clock::now() + std::chrono::seconds(ahead->load());
  };
  gateway_->sign_in_with(std::move(parts));
  server_ = std::make_unique<server::GatewayServer>(pointers, *gateway_, config.gateway);
  const auto bound = server_->listen({"127.0.0.1", 0});
  if (!bound) throw std::runtime_error(bound.error().detail);
  port_ = bound->port;
  for (const auto& worker : workers_) worker->start();
  workers_.front()->run(gateway_->apply(std::move(config)));
}

TestGateway::~TestGateway() { stop(); }

std::string TestGateway::mcp(std::string_view name) const {
  return url() + "/mcp" + (name.empty() ? "" : "/") + std::string(name);
}

void TestGateway::apply(std::string_view config) {
  workers_.front()->run(gateway_->apply(read(config)));
}

void TestGateway::stop() {
  if (!server_) return;
  auto& control = *workers_.front();
  control.run(server_->drain({}));
  control.call([this] { gateway_->abort_calls(); });
  control.run(server_->stop());
  control.run(gateway_->stop());
  for (const auto& worker : workers_) worker->stop();
  server_.reset();
  gateway_.reset();
  history_.reset();
  credentials_.reset();
  store_.reset();
}

void TestGateway::advance(core::Duration by) {
  for (const auto& worker : workers_) worker->advance(by);
}

json::value TestGateway::status(const std::string& name) {
  const auto all = admin_.send("GET", url() + "/api/v1/status").json();
  const auto list = at(all, "/servers");
  if (!list.is_array()) return {};
  for (const auto& server : list.as_array()) {
    if (text(server, "/name") == name) return server;
  }
  return {};
}

json::value TestGateway::wait_status(
    const std::string& name, const std::function<bool(const json::value&)>& fits
) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto now = status(name);
    if (fits(now) || std::chrono::steady_clock::now() > until) return now;
    std::this_thread::yield();
  }
}

json::value TestGateway::wait_state(const std::string& name, std::string_view state) {
  return wait_status(name, [&](const json::value& now) { return text(now, "/state") == state; });
}

std::string servers(
    std::string_view gateway, std::initializer_list<std::pair<std::string, std::string>> each
) {
  std::string list;
  for (const auto& [name, body] : each) {
    list += fmt::format("{}\"{}\":{}", list.empty() ? "" : ",\n", name, body);
  }
  return fmt::format("{{\"gateway\":{},\n\"mcpServers\":{{{}}}}}", gateway, list);
}

std::string servers(std::initializer_list<std::pair<std::string, std::string>> each) {
  return servers(R"({"log":{"level":"off"}})", each);
}

}  // namespace mooring::integration
