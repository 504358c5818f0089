#pragma once

#include <filesystem>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/gateway_api.hpp"
#include "cli/gateway_file.hpp"
#include "cli/options.hpp"
#include "config/config.hpp"

namespace mooring::cli {

/// The value of an environment variable.
std::optional<std::string> environment(std::string_view name);

/// How a command reaches one server.
struct Destination {
  UpstreamConfig config;
  enum class By { gateway, configuration, url } by = By::url;
  std::string login_target = {};  ///< what follows `mooring login`; empty: the name
};

/// What a command finds around it: the configuration, the state directory, a running gateway.
class Surroundings {
 public:
  explicit Surroundings(const CommonOptions& options);

  const std::filesystem::path& state_dir() const { return state_dir_; }
  const std::vector<std::filesystem::path>& files() const { return files_; }
  /// An error: the files cannot be used, or there are none.
  const Result<config::Config>& config() const { return config_; }
  /// What STATE/gateway.json names and a process stands behind.
  const std::optional<GatewayFile>& gateway_file() const { return gateway_file_; }
  /// The running gateway's own account; asked once. An error: there is none, or it does not answer.
  const Result<std::string>& gateway_status();

  /// The way to a server: through the running gateway where it knows the name, else by our own
  /// configuration; a URL straight. Reason::unknown_server names the known ones.
  Result<Destination> find(const ServerOptions& options);
  /// The same, but never through the gateway.
  Result<Destination> find_direct(const ServerOptions& options) const;
  /// The gateway's endpoint for a server; empty: all of them as one.
  Destination through_gateway(const std::string& server) const;
  /// Every server by name: the gateway's, else the configuration's.
  std::vector<std::string> names();
  Error unknown(std::string_view server, const std::vector<std::string>& known) const;

 private:
  std::vector<std::filesystem::path> files_;
  Result<config::Config> config_;
  std::filesystem::path state_dir_;
  std::optional<GatewayFile> gateway_file_;
  std::optional<Result<std::string>> gateway_status_;
};

/// Whether SERVER is meant as a URL.
bool is_url(std::string_view server);

}  // namespace mooring::cli
