#include "cli/surroundings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "cli/url_target.hpp"
#include "config/nearest.hpp"
#include "core/log.hpp"
#include "core/paths.hpp"
#include "core/percent.hpp"
#include "core/redact.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

/// A one-shot command has no use for a second try: it says what is in the way.
constexpr int attempts = 1;

Result<config::Config> read_config(const std::vector<fs::path>& files) {
  if (files.empty()) {
    return fail(
        Reason::config,
        "no configuration: write mooring.yaml here, name one with --config FILE, or give a URL"
    );
  }
  return config::load(files, environment);
}

void limit_time(Destination& to, const ServerOptions& options) {
  if (!options.timeout) return;
  const auto limit = std::chrono::milliseconds(static_cast<long long>(*options.timeout * 1000));
  to.config.timeout = to.config.timeout_max = limit;
  to.config.connect_timeout = std::min(to.config.connect_timeout, limit);
}

}  // namespace

std::optional<std::string> environment(std::string_view name) {
  const auto* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

bool is_url(std::string_view server) { return server.find("://") != std::string_view::npos; }

Surroundings::Surroundings(const CommonOptions& options)
    : files_(
          options.config.empty() ? config::default_files(fs::current_path(), environment)
                                 : options.config
      ),
      config_(read_config(files_)) {
  core::log::Level level{};
  if (core::log::parse_level(options.log_level, level)) {
    core::log::configure(level, core::log::Format::text);
  }
  auto directory = options.state_dir.value_or("");
  if (directory.empty() && config_) directory = config_->gateway.state_dir;
  state_dir_ = core::state_dir(directory);
  gateway_file_ = read_gateway_file(state_dir_);
}

const Result<std::string>& Surroundings::gateway_status() {
  if (!gateway_status_) {
    if (gateway_file_) {
      gateway_status_ = get(*gateway_file_, "/api/v1/status");
    } else {
      gateway_status_ = fail(
          Reason::unavailable,
          fmt::format(
              "no gateway is running (there is no {}); start one with mooring serve",
              gateway_file_path(state_dir_).string()
          )
      );
    }
  }
  return *gateway_status_;
}

std::vector<std::string> Surroundings::names() {
  std::vector<std::string> all;
  if (const auto& status = gateway_status()) {
    for (const auto& server : servers_in(*status)) all.push_back(server.name);
  } else if (config_) {
    for (const auto& server : config_->servers) all.push_back(server.config.name);
  }
  return all;
}

Result<Destination> Surroundings::find(const ServerOptions& options) {
  if (is_url(options.server)) return find_direct(options);
  if (!options.headers.empty()) return find_direct(options);
  const auto known = names();
  if (gateway_status() && std::ranges::find(known, options.server) != known.end()) {
    auto to = through_gateway(options.server);
    limit_time(to, options);
    return to;
  }
  auto direct = find_direct(options);
  if (direct || !gateway_status()) return direct;
  if (direct.error().reason == Reason::unknown_server || !config_) {
    return std::unexpected(unknown(options.server, known));
  }
  return direct;
}

Result<Destination> Surroundings::find_direct(const ServerOptions& options) const {
  if (is_url(options.server)) {
    auto config = url_target(options.server, options.headers);
    if (!config) return std::unexpected(std::move(config.error()));
    Destination to{std::move(*config), Destination::By::url};
    to.config.initial_attempts = attempts;
    to.login_target = login_target(options.server, state_dir_);
    limit_time(to, options);
    return to;
  }
  if (!options.headers.empty()) {
    return fail(
        Reason::usage,
        "--header goes with a URL; the headers of a server stand in the configuration"
    );
  }
  if (!config_) return std::unexpected(config_.error());
  const auto* entry = config_->find(options.server);
  if (entry == nullptr) {
    std::vector<std::string> known;
    for (const auto& server : config_->servers) known.push_back(server.config.name);
    return std::unexpected(unknown(options.server, known));
  }
  // The command was right, the server's entry is not.
  if (entry->error) return fail(Reason::unavailable, entry->error->detail);
  if (!entry->config.enabled) {
    return fail(
        Reason::unavailable, fmt::format("{} is disabled in the configuration", options.server)
    );
  }
  Destination to{entry->config, Destination::By::configuration};
  to.config.initial_attempts = attempts;
  limit_time(to, options);
  return to;
}

Destination Surroundings::through_gateway(const std::string& server) const {
  Destination to;
  to.by = Destination::By::gateway;
  to.config.name = server.empty() ? "gateway" : server;
  to.config.url =
      gateway_file_->url + "/mcp" + (server.empty() ? "" : "/" + core::percent_encode(server));
  to.config.transport = TransportKind::http;
  to.config.initial_attempts = attempts;
  // How long a call may take is the gateway's to judge: it knows the server.
  to.config.timeout = to.config.timeout_max = std::chrono::hours(24);
  if (!gateway_file_->token.empty()) {
    core::register_secret(gateway_file_->token);
    to.config.headers.emplace_back("Authorization", "Bearer " + gateway_file_->token);
  }
  return to;
}

Error Surroundings::unknown(std::string_view server, const std::vector<std::string>& known) const {
  auto text = fmt::format("there is no server {}", server);
  if (known.empty()) {
    text += "; none is configured";
  } else {
    if (const auto near = config::nearest_key(server, known)) {
      text += fmt::format("; did you mean {}?", *near);
    }
    text += fmt::format(" (known: {})", fmt::join(known, ", "));
  }
  return {Reason::unknown_server, std::move(text), std::nullopt};
}

}  // namespace mooring::cli
