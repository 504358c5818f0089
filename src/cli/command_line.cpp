// The only place that sees CLI11: it is slow to compile.
#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/exit_code.hpp"
#include "cli/serve.hpp"

#include <mooring/version.hpp>

namespace mooring::cli {

namespace {

void add_serve(CLI::App& app, int& result) {
  auto options = std::make_shared<ServeOptions>();
  auto* command = app.add_subcommand("serve", "Run the gateway until SIGTERM or SIGINT; SIGHUP reloads the configuration");
  command->add_option("--config", options->config, "Configuration file; may be given several times")->type_name("FILE");
  command->add_option("--listen", options->listen, "Where clients connect; port 0 takes a free one")->type_name("HOST:PORT");
  command->add_flag("--stdio", options->stdio, "Serve one client on stdin and stdout; no listener unless --listen is given");
  command->add_option("--threads", options->threads, "Worker threads")->type_name("N")->check(CLI::Range(1, 256));
  command->add_option("--log-level", options->log_level, "trace, debug, info, warn, error or off")->type_name("L");
  command->add_option("--log-format", options->log_format, "text or json")->type_name("F");
  command->add_option("--state-dir", options->state_dir, "Where keys, logs and history live")->type_name("DIR");
  command->add_flag("--insecure", options->insecure, "Listen beyond loopback without asking for tokens");
  command->callback([options, &result] { result = serve(*options); });
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Keeps AI agents tied to their MCP servers: gateway, client and tools in one.", "mooring");
  int result = success;
  app.set_version_flag("--version", std::string("mooring ") + MOORING_VERSION);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("mooring: {}; see mooring --help\n", error.what());
  });
  add_serve(app, result);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? success : usage;
  }
  return result;
}

}  // namespace mooring::cli
