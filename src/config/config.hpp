#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/expand.hpp"
#include "core/log.hpp"

namespace mooring::config {

/// A bearer token that lets a client in, and the name under which it is known.
struct GatewayToken {
  std::string name;
  std::string token;

  bool operator==(const GatewayToken&) const = default;
};

struct GatewayLimits {
  std::size_t request_bytes = std::size_t{10} << 20;  ///< of one request's body
  std::size_t header_bytes = std::size_t{32} << 10;
  std::size_t connections = 10'000;                  ///< per thread
  std::size_t buffer_bytes = std::size_t{64} << 20;  ///< one message held whole
  std::size_t stream_events = 10'000;                ///< kept for resumption, per stream
  std::size_t event_bytes = std::size_t{4} << 20;    ///< kept for resumption, per stream
  std::size_t streams = 10'000;                      ///< kept per thread
  std::size_t sessions = 100'000;
  std::size_t requests_in_flight = 100;          ///< per session, with notifications under way
  std::size_t subscriptions = 1000;              ///< per session
  std::size_t uri_bytes = std::size_t{8} << 10;  ///< of a subscription
  std::size_t json_depth = 256;

  bool operator==(const GatewayLimits&) const = default;
};

/// How the gateway itself behaves. Defaults are those of docs/config.md.
struct GatewayConfig {
  using Duration = std::chrono::milliseconds;

  std::string listen = "127.0.0.1:7777";
  int threads = 1;
  bool insecure = false;  ///< listen beyond loopback without tokens
  std::vector<GatewayToken> tokens;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  std::string state_dir;  ///< empty: core::state_dir()

  core::log::Level log_level = core::log::Level::info;
  core::log::Format log_format = core::log::Format::text;

  Duration session_ttl = std::chrono::hours(24);
  Duration drain_timeout = std::chrono::seconds(10);
  Duration list_wait = std::chrono::seconds(2);
  Duration stream_after = std::chrono::seconds(1);
  Duration keepalive_comment = std::chrono::seconds(15);
  Duration event_retention = std::chrono::minutes(5);
  Duration sse_retry = std::chrono::seconds(1);
  Duration reload_interval = std::chrono::seconds(5);
  Duration header_timeout = std::chrono::seconds(10);
  Duration body_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(120);
  Duration write_timeout = std::chrono::seconds(30);
  GatewayLimits limits;

  bool operator==(const GatewayConfig&) const = default;
};

/// One server as it was written. With an `error` it cannot be started; the others are not
/// concerned.
struct ServerEntry {
  mooring::UpstreamConfig config;
  std::optional<Error> error;  ///< "mooring.yaml:7:5: server "github": …"
  int line = 0;
  std::vector<std::string> notes;  ///< what was ignored or assumed, each with its place
};

struct Config {
  GatewayConfig gateway;
  std::vector<ServerEntry> servers;   ///< in file order
  std::vector<std::string> warnings;  ///< what concerns no single server
  /// Everything that was read: the configuration files first, then token and variable files. Watch
  /// these for changes.
  std::vector<std::filesystem::path> files;

  const ServerEntry* find(std::string_view name) const;
};

/// Reads the files; later ones extend and override earlier ones key by key. An error
/// (Reason::config) means that nothing can be started: a file cannot be read or parsed, or
/// something outside the servers is wrong. Secrets are registered with core::register_secret. No
/// files: the defaults, without servers.
Result<Config> load(const std::vector<std::filesystem::path>& files, const Env& env);
Result<Config> parse(std::string_view text, std::string file_name, const Env& env);

/// The file that is used when none is named: mooring.yaml, .yml or .json in `cwd`, else in
/// $XDG_CONFIG_HOME/mooring
/// (~/.config/mooring). Empty when there is none.
std::vector<std::filesystem::path> default_files(const std::filesystem::path& cwd, const Env& env);

struct ListenAddress {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;

  bool operator==(const ListenAddress&) const = default;
};
/// "127.0.0.1:7777", "[::1]:0", "localhost:80". Reason::usage otherwise.
Result<ListenAddress> parse_listen(std::string_view text);

/// Refuses (Reason::config) to listen beyond loopback without tokens, unless `insecure`. Call it
/// once the command line has had its say.
Result<void> check_exposure(const GatewayConfig& gateway);

/// Why a server's name cannot be used ("holds a '/'"), or nothing.
std::optional<std::string> bad_server_name(std::string_view name);

}  // namespace mooring::config
