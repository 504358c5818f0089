#include "cli/bridge_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string_view>

#include "cli/connect.hpp"
#include "cli/wrap.hpp"

namespace mooring::cli {

namespace {

bool wants_help(int argc, char** argv) {
  return std::any_of(argv, argv + argc, [](std::string_view word) {
    return word == "--help" || word == "-h";
  });
}

template <class Level>
void add_log_level(CLI::App& command, Level& level) {
  command
      .add_option(
          "--log-level", level, "trace, debug, info (default), warn, error or off; on stderr"
      )
      ->type_name("L")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}).description(""));
}

void add_call_timeout(CLI::App& command, std::optional<double>& seconds) {
  command.add_option("--timeout", seconds, "How long a call may take without progress (60)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86400.0).description(""));
}

/// What mcp-remote takes besides, so that its command lines work or are told why they do not.
void add_words_of_mcp_remote(CLI::App& command, const std::shared_ptr<ConnectOptions>& options) {
  const auto note = [&](const char* name, std::vector<std::string> ConnectOptions::* list) {
    command
        .add_option_function<std::string>(
            name, [=](const std::string&) { ((*options).*list).emplace_back(name); }
        )
        ->group("");
  };
  for (const auto* name : {"--host", "--callback-path", "--auth-timeout"})
    note(name, &ConnectOptions::unused);
  for (const auto* name :
       {"--resource", "--static-oauth-client-info", "--static-oauth-client-metadata",
        "--authorize-param"})
    note(name, &ConnectOptions::refused);
  // A proxy in the environment is used anyway.
  command.add_flag_callback("--enable-proxy", [] {})->group("");
}

}  // namespace

Result<std::vector<std::string>> take_server_command(int& argc, char** argv) {
  const std::string_view first = argc < 2 ? "" : argv[1];
  if (first != "wrap" && first != "add") return {};
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--") continue;
    std::vector<std::string> words(argv + i + 1, argv + argc);
    argc = i;
    return words;
  }
  if (first == "add" || wants_help(argc, argv)) return {};
  return fail(
      Reason::usage,
      "wrap wants -- before the command: mooring wrap [OPTIONS] -- COMMAND [ARGUMENTS]"
  );
}

void add_connect(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ConnectOptions>();
  auto* command = app.add_subcommand(
      "connect", "Be an MCP server on stdin and stdout that stands for the one at URL"
  );
  command->add_option("URL", options->url, "The remote server")->required();
  command->add_option("PORT", options->callback_port)->group("");
  command
      ->add_option(
          "--header", options->headers,
          "'Name: value', sent with every request; ${VAR} and ${file:/path} are replaced"
      )
      ->type_name("HEADER")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--transport", options->transport,
          "http-first (default), sse-first, http-only or sse-only; the first two find it out"
      )
      ->type_name("T")
      ->check(CLI::IsMember({"http-first", "sse-first", "http-only", "sse-only"}).description(""));
  command
      ->add_option("--ignore-tool", options->ignored_tools, "Hide tools that fit, as in 'delete*'")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  add_call_timeout(*command, options->timeout);
  add_log_level(*command, options->log_level);
  command->add_flag("--debug", options->debug, "The same as --log-level debug");
  command->add_flag("--silent", options->silent, "The same as --log-level off");
  command->add_flag("--allow-http", options->allow_http, "Do not warn about plain http");
  command->add_option("--state-dir", options->state_dir, "Where sign-ins and history are kept")
      ->type_name("DIR");
  add_words_of_mcp_remote(*command, options);
  command->footer(
      "Takes the place of npx mcp-remote in the configuration of a client. Where a person has to "
      "sign\nin: mooring login URL, once.\n"
      "Examples:\n  mooring connect https://mcp.example.com/mcp\n"
      "  mooring connect https://mcp.example.com/mcp --header 'Authorization: Bearer ${TOKEN}'"
  );
  command->callback([options, &chosen] { chosen = [options] { return connect(*options); }; });
}

void add_wrap(CLI::App& app, Command& chosen, std::vector<std::string> wrapped) {
  auto options = std::make_shared<WrapOptions>();
  options->command = std::move(wrapped);
  auto* command = app.add_subcommand("wrap", "Show a server that speaks over stdio over HTTP");
  command
      ->add_option(
          "--listen", options->listen,
          "Where clients connect (127.0.0.1:8000); port 0 takes a free one"
      )
      ->type_name("HOST:PORT");
  command->add_option("--name", options->name, "Of the server; the name of its program by default")
      ->type_name("NAME");
  command
      ->add_option(
          "--env", options->variables, "Set a variable for the server, or pass ours on; repeatable"
      )
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  command->add_flag(
      "--pass-environment", options->pass_environment,
      "Pass on all our variables, not PATH, HOME and their like alone"
  );
  command->add_option("--cwd", options->cwd, "The directory it works in")->type_name("DIR");
  add_call_timeout(*command, options->timeout);
  add_log_level(*command, options->log_level);
  command
      ->add_option(
          "--state-dir", options->state_dir, "Keys and logs are kept in wrap/NAME below it"
      )
      ->type_name("DIR");
  command->add_flag(
      "--insecure", options->insecure, "Listen beyond loopback without asking for a token"
  );
  command->footer(
      "mooring wrap [OPTIONS] -- COMMAND [ARGUMENTS]\n\nMCP is at http://HOST:PORT/mcp. With "
      "MOORING_TOKEN set, clients have to send it as bearer "
      "token.\n"
      "Example:\n  mooring wrap --listen 127.0.0.1:8000 -- uvx mcp-server-git"
  );
  command->callback([options, &chosen] { chosen = [options] { return wrap(*options); }; });
}

}  // namespace mooring::cli
