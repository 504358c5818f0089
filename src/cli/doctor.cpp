#include "cli/doctor.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>

#include "cli/checks.hpp"
#include "cli/console.hpp"
#include "cli/interrupts.hpp"
#include "cli/reach.hpp"
#include "cli/surroundings.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

void check_config(Checks& checks, const Surroundings& around) {
  if (around.files().empty()) {
    checks.warn(
        "configuration", "none found; write mooring.yaml here, or name one with --config FILE"
    );
    return;
  }
  const auto& config = around.config();
  if (!config) return checks.failed("configuration", config.error().detail);
  std::string files;
  for (const auto& file : around.files()) files += (files.empty() ? "" : ", ") + file.string();
  checks.ok("configuration", fmt::format("{}: {} servers", files, config->servers.size()));
  for (const auto& warning : config->warnings) checks.warn("configuration", warning);
  if (const auto exposed = config::check_exposure(config->gateway); !exposed) {
    checks.failed("gateway.listen", exposed.error().detail);
  }
}

Check check_server(const config::ServerEntry& entry) {
  const auto& config = entry.config;
  if (entry.error) return {Check::Verdict::failed, config.name, entry.error->detail};
  if (!config.enabled) return {Check::Verdict::ok, config.name, "disabled"};
  return config.url.empty() ? check_command(config) : check_url(config);
}

void check_servers(Checks& checks, const config::Config& config) {
  std::vector<std::future<Check>> running;
  for (const auto& entry : config.servers) {
    running.push_back(std::async(std::launch::async, [&entry] { return check_server(entry); }));
  }
  for (std::size_t i = 0; i < running.size(); ++i) {
    checks.add(running[i].get());
    for (const auto& note : config.servers[i].notes)
      checks.warn(config.servers[i].config.name, note);
  }
}

void check_private(Checks& checks, const fs::path& path, mode_t most) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return;
  if ((found.st_mode & 0777U & ~most) != 0) {
    checks.failed(
        "state",
        fmt::format("{} can be read by others; chmod {:o} {}", path.string(), most, path.string())
    );
  } else if (found.st_uid != ::geteuid()) {
    checks.failed(
        "state", fmt::format("{} belongs to another user; remove it or chown it", path.string())
    );
  }
}

void check_state(Checks& checks, const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) {
    checks.ok("state", fmt::format("{} (made at the first start)", directory.string()));
    return;
  }
  if (!fs::is_directory(directory, error)) {
    checks.failed(
        "state", fmt::format("{} is no directory; remove it or use --state-dir", directory.string())
    );
    return;
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    checks.failed(
        "state",
        fmt::format("{} cannot be written; chown it or use --state-dir", directory.string())
    );
    return;
  }
  checks.ok("state", directory.string());
  check_private(checks, directory, 0755);
  for (const auto* file : {"session.key", "gateway.json", "credentials.key", "credentials.db"})
    check_private(checks, directory / file, 0600);
}

void check_gateway(Checks& checks, Surroundings& around) {
  if (!around.gateway_file()) {
    checks.ok("gateway", "not running; start it with mooring serve");
    return;
  }
  const auto& status = around.gateway_status();
  if (!status) {
    checks.failed(
        "gateway",
        fmt::format(
            "{}; restart it (its process is {})", status.error().detail, around.gateway_file()->pid
        )
    );
    return;
  }
  checks.ok("gateway", fmt::format("runs at {}", around.gateway_file()->url));
  for (const auto& server : servers_in(*status)) {
    if (server.state == "ready" || server.state == "disabled" || server.state == "idle") continue;
    const bool login = server.state == "login_needed";  // its reason says what to run
    checks.warn(
        server.name, fmt::format(
                         "{} in the gateway{}{}", server.state,
                         server.reason.empty() ? "" : " (" + server.reason + ")",
                         login ? "" : fmt::format("; mooring test {} shows more", server.name)
                     )
    );
  }
}

}  // namespace

int doctor(const CommonOptions& options) {
  const Interrupts interrupts;
  Surroundings around(options);
  Checks checks(options.json);
  check_config(checks, around);
  check_state(checks, around.state_dir());
  if (around.config()) check_servers(checks, *around.config());
  check_gateway(checks, around);
  checks.finish();
  return checks.any_failed() ? failed : success;
}

}  // namespace mooring::cli
