#include "cli/serve.hpp"

#include "cli/console.hpp"
#include "cli/gateway_process.hpp"
#include "cli/surroundings.hpp"
#include "config/config.hpp"
#include "core/log.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;
namespace log = core::log;

namespace {

/// Command line over file.
Result<void> override_with(const ServeOptions& options, config::GatewayConfig& gateway) {
  if (options.listen) gateway.listen = *options.listen;
  if (options.threads) gateway.threads = *options.threads;
  if (options.state_dir) gateway.state_dir = *options.state_dir;
  gateway.insecure = gateway.insecure || options.insecure;
  if (options.log_level && !log::parse_level(*options.log_level, gateway.log_level)) {
    return fail(Reason::usage, "--log-level is one of trace, debug, info, warn, error, off");
  }
  if (options.log_format) {
    if (*options.log_format != "text" && *options.log_format != "json") {
      return fail(Reason::usage, "--log-format is text or json");
    }
    gateway.log_format = *options.log_format == "json" ? log::Format::json : log::Format::text;
  }
  return {};
}

std::vector<fs::path> files_of(const ServeOptions& options) {
  if (!options.config.empty()) return options.config;
  return config::default_files(fs::current_path(), environment);
}

Result<config::Config> read(const ServeOptions& options) {
  auto loaded = config::load(files_of(options), environment);
  if (!loaded) return loaded;
  if (const auto overridden = override_with(options, loaded->gateway); !overridden) {
    return std::unexpected(overridden.error());
  }
  return loaded;
}

}  // namespace

int serve(const ServeOptions& options) {
  if (files_of(options).empty()) {
    return complain(
        usage, "no configuration: write mooring.yaml here, or name one with --config FILE"
    );
  }
  auto loaded = read(options);
  if (!loaded) return complain(usage, loaded.error().detail);
  GatewayPlan plan;
  plan.listens = !options.stdio || options.listen;
  plan.stdio = options.stdio;
  if (plan.listens) {
    if (const auto exposed = config::check_exposure(loaded->gateway); !exposed) {
      return complain(usage, exposed.error().detail);
    }
  }
  plan.config = std::move(*loaded);
  plan.read_again = [options] { return read(options); };
  return run_gateway(std::move(plan));
}

}  // namespace mooring::cli
