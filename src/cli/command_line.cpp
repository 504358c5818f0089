// With bridge_options.cpp the only place that sees CLI11: it is slow to compile.
#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <expected>
#include <memory>
#include <mooring/version.hpp>

#include "cli/add.hpp"
#include "cli/bridge_options.hpp"
#include "cli/call.hpp"
#include "cli/chaos.hpp"
#include "cli/console.hpp"
#include "cli/doctor.hpp"
#include "cli/exit_code.hpp"
#include "cli/explain.hpp"
#include "cli/import.hpp"
#include "cli/lists.hpp"
#include "cli/login.hpp"
#include "cli/logs.hpp"
#include "cli/prompt.hpp"
#include "cli/read.hpp"
#include "cli/remove.hpp"
#include "cli/serve.hpp"
#include "cli/status.hpp"
#include "cli/test_server.hpp"

namespace mooring::cli {

namespace {

constexpr const char* server_help = "A server of the configuration, or a URL";

void add_serve(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ServeOptions>();
  auto* command = app.add_subcommand(
      "serve", "Run the gateway until SIGTERM or SIGINT; SIGHUP reloads the configuration"
  );
  command->add_option("--config", options->config, "Configuration file; may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("--listen", options->listen, "Where clients connect; port 0 takes a free one")
      ->type_name("HOST:PORT");
  command->add_flag(
      "--stdio", options->stdio,
      "Serve one client on stdin and stdout; no listener unless --listen is given"
  );
  command->add_option("--threads", options->threads, "Worker threads")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""));
  command->add_option("--log-level", options->log_level, "trace, debug, info, warn, error or off")
      ->type_name("L");
  command->add_option("--log-format", options->log_format, "text or json")->type_name("F");
  command->add_option("--state-dir", options->state_dir, "Where keys, logs and history live")
      ->type_name("DIR");
  command->add_flag(
      "--insecure", options->insecure, "Listen beyond loopback without asking for tokens"
  );
  command->footer("Example:\n  mooring serve --config mooring.yaml");
  command->callback([options, &chosen] { chosen = [options] { return serve(*options); }; });
}

void add_common(CLI::App& command, CommonOptions& options) {
  command.add_option("--config", options.config, "Configuration file; may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      .add_option("--state-dir", options.state_dir, "Where the running gateway is found, and logs")
      ->type_name("DIR");
  command
      .add_option(
          "--log-level", options.log_level, "trace, debug, info, warn, error or off (default)"
      )
      ->type_name("L")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}).description(""));
}

void add_json(CLI::App& command, CommonOptions& options, const char* help) {
  command.add_flag("--json", options.json, help);
}

void add_connection(CLI::App& command, ServerOptions& options) {
  add_common(command, options);
  command
      .add_option("--header", options.headers, "'Name: value', sent with every request to a URL")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  command.add_option("--timeout", options.timeout, "Give up after so many seconds")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86400.0).description(""));
}

constexpr const char* result_json = "Print exactly the result object of the protocol";

void add_list(
    CLI::App& app, Command& chosen, const std::string& name, upstream::ListKind kind,
    const char* help
) {
  auto options = std::make_shared<ListCommand>();
  options->kind = kind;
  auto* command = app.add_subcommand(name, help);
  command->add_option(
      "SERVER", options->server, std::string(server_help) + "; every server by default"
  );
  add_connection(*command, *options);
  add_json(*command, *options, result_json);
  command->footer(
      "Examples:\n  mooring " + name + "\n  mooring " + name + " https://mcp.example.com/mcp --json"
  );
  command->callback([options, &chosen] { chosen = [options] { return list(*options); }; });
}

void add_call(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<CallCommand>();
  auto* command = app.add_subcommand("call", "Call a tool and print what it returns");
  command->add_option("SERVER", options->server, server_help)->required();
  command->add_option("TOOL", options->tool, "Name of the tool")->required();
  command->add_option(
      "JSON", options->arguments, "Its arguments, an object; - reads them from stdin"
  );
  add_connection(*command, *options);
  add_json(*command, *options, result_json);
  command->footer(
      "Exit status 4: the tool returned an error; 5: it may or may not have run.\n"
      "Example:\n  mooring call files list_directory '{\"path\":\"/srv/data\"}'"
  );
  command->callback([options, &chosen] { chosen = [options] { return call(*options); }; });
}

void add_read(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ReadCommand>();
  auto* command = app.add_subcommand("read", "Print a resource");
  command->add_option("SERVER", options->server, server_help)->required();
  command->add_option("URI", options->uri, "URI of the resource")->required();
  add_connection(*command, *options);
  add_json(*command, *options, result_json);
  command->footer("Example:\n  mooring read files file:///srv/data/notes.txt");
  command->callback([options, &chosen] { chosen = [options] { return read(*options); }; });
}

void add_prompt(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<PromptCommand>();
  auto* command = app.add_subcommand("prompt", "Print a prompt, filled in");
  command->add_option("SERVER", options->server, server_help)->required();
  command->add_option("NAME", options->name, "Name of the prompt")->required();
  command->add_option(
      "JSON", options->arguments, "Its arguments, an object; - reads them from stdin"
  );
  add_connection(*command, *options);
  add_json(*command, *options, result_json);
  command->footer("Example:\n  mooring prompt docs summarize '{\"topic\":\"healing\"}'");
  command->callback([options, &chosen] { chosen = [options] { return prompt(*options); }; });
}

void add_status(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ServerOptions>();
  auto* command =
      app.add_subcommand("status", "Show how the servers of the running gateway are doing");
  command->add_option("SERVER", options->server, "Show everything about this one");
  add_common(*command, *options);
  add_json(*command, *options, "Print what the gateway's API says");
  command->footer(
      "Without a running gateway: what was recorded before; the exit status is 1 then.\n"
      "Examples:\n  mooring status\n  mooring status files"
  );
  command->callback([options, &chosen] { chosen = [options] { return status(*options); }; });
}

void add_logs(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<LogsCommand>();
  auto* command = app.add_subcommand("logs", "Show what a server run as a child wrote to stderr");
  command->add_option("SERVER", options->server, "A server of the configuration")->required();
  command->add_option("-n,--lines", options->lines, "How many of the last lines (100)")
      ->type_name("LINES");
  command->add_flag("-f,--follow", options->follow, "Go on with what is added");
  add_common(*command, *options);
  command->footer("Example:\n  mooring logs files -n 20 -f");
  command->callback([options, &chosen] { chosen = [options] { return logs(*options); }; });
}

void add_login(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<LoginCommand>();
  auto* command = app.add_subcommand("login", "Sign in to a server, in a browser");
  command->add_option("SERVER", options->server, server_help)->required();
  command->add_flag("--device", options->device, "Sign in on another device, with a code");
  command->add_flag(
      "--headless", options->headless,
      "Show the address, and read where the browser was sent to (over ssh)"
  );
  command->add_option("--scope", options->scope, "Ask for these scopes besides the usual ones")
      ->type_name("'SCOPE ...'");
  add_common(*command, *options);
  command->footer(
      "A running gateway goes on with it at once. What was there before stays until it has "
      "worked.\n"
      "Examples:\n  mooring login github\n  mooring login github --headless"
  );
  command->callback([options, &chosen] { chosen = [options] { return login(*options); }; });
}

void add_logout(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ServerOptions>();
  auto* command =
      app.add_subcommand("logout", "Forget a sign-in, and revoke it where the server can");
  command->add_option("SERVER", options->server, server_help)->required();
  add_common(*command, *options);
  command->footer("Example:\n  mooring logout github");
  command->callback([options, &chosen] { chosen = [options] { return logout(*options); }; });
}

void add_token(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ServerOptions>();
  auto* command = app.add_subcommand("token", "Print a fresh access token of a sign-in");
  command->add_option("SERVER", options->server, server_help)->required();
  add_common(*command, *options);
  command->footer(
      "Exit status 6: nobody is signed in.\n"
      "Examples:\n  mooring token github\n  curl -H \"Authorization: Bearer $(mooring token "
      "github)\" ..."
  );
  command->callback([options, &chosen] { chosen = [options] { return token(*options); }; });
}

void add_test(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ServerOptions>();
  auto* command =
      app.add_subcommand("test", "Connect to one server on a session of its own, step by step");
  command->add_option("SERVER", options->server, server_help)->required();
  add_connection(*command, *options);
  add_json(*command, *options, "Print the steps as JSON");
  command->footer(
      "Exit status 0: it works; 1: it does not; 3: no such server.\nExample:\n  mooring test files"
  );
  command->callback([options, &chosen] { chosen = [options] { return test_server(*options); }; });
}

void add_doctor(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<CommonOptions>();
  auto* command =
      app.add_subcommand("doctor", "Check configuration, commands, network and state directory");
  add_common(*command, *options);
  add_json(*command, *options, "Print the checks as JSON");
  command->footer("Example:\n  mooring doctor --config mooring.yaml");
  command->callback([options, &chosen] { chosen = [options] { return doctor(*options); }; });
}

void add_add(CLI::App& app, Command& chosen, const std::vector<std::string>& server_command) {
  auto options = std::make_shared<AddCommand>();
  auto* command = app.add_subcommand("add", "Add a server to the configuration");
  command->add_option("NAME", options->name, "What it shall be called")->required();
  command->add_option("TARGET", options->target, "A URL, or behind -- a command with its arguments")
      ->required(server_command.empty())
      ->type_name("URL | -- COMMAND [ARGUMENT ...]");
  command->add_option("--header", options->headers, "'Name: value', sent with every request")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  command->add_option("--bearer", options->bearer, "A bearer token; - reads it from stdin")
      ->type_name("TOKEN");
  command->add_option("--transport", options->transport, "http or sse; found out by default")
      ->type_name("T")
      ->check(CLI::IsMember({"http", "sse"}).description(""));
  command->add_option("--env", options->env, "NAME=VALUE, set for the command")
      ->type_name("VARIABLE")
      ->allow_extra_args(false);
  command->add_option("--cwd", options->cwd, "Working directory of the command")->type_name("DIR");
  command->add_flag("--replace", options->replace, "Put it in the place of one of the same name");
  add_common(*command, *options);
  command->footer(
      "Credentials go into a file of their own. A running gateway takes the server up at once.\n"
      "Examples:\n  mooring add github https://mcp.example.com/mcp --header 'Authorization: Bearer "
      "...'\n  mooring add files --env LOG=1 -- mcp-server-filesystem /srv/data"
  );
  command->callback([options, &chosen, server_command] {
    options->target.insert(options->target.end(), server_command.begin(), server_command.end());
    chosen = [options] { return add(*options); };
  });
}

void add_remove(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RemoveCommand>();
  auto* command = app.add_subcommand("remove", "Take a server out of the configuration");
  command->add_option("NAME", options->name, "A server of the configuration")->required();
  add_common(*command, *options);
  command->footer(
      "Its credentials go too, where mooring add put them aside. Comments above it stay.\n"
      "Example:\n  mooring remove github"
  );
  command->callback([options, &chosen] { chosen = [options] { return remove(*options); }; });
}

void add_import(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ImportCommand>();
  auto* command = app.add_subcommand("import", "Take servers over from other MCP clients");
  command->add_option(
      "SOURCE", options->sources,
      "A client, or a file of one; - reads stdin; every known client by default"
  );
  command->add_option("--from", options->from, "The client whose file it is")->type_name("CLIENT");
  command->add_flag("--dry-run", options->dry_run, "Only show what would be done");
  command->add_flag("--replace", options->replace, "Replace servers that are configured otherwise");
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  add_common(*command, *options);
  command->footer(
      "Clients: claude, claude-code, cursor, vscode, windsurf, zed, codex, gemini, cline, roo, "
      "continue,\ngoose, lmstudio, amp, opencode, qwen, kiro, copilot.\n"
      "Examples:\n  mooring import --dry-run\n  mooring import cursor --yes"
  );
  command->callback([options, &chosen] { chosen = [options] { return import(*options); }; });
}

void add_explain(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ExplainCommand>();
  auto* command = app.add_subcommand(
      "explain", "Say what would be concluded from a failure, read from stdin, and why"
  );
  command->add_flag("--jsonl", options->jsonl, "One failure a line, one answer a line");
  command->footer(
      "Prints kind, action (reconnect, verify, reauthorize, retry, backoff, resume, none), replay\n"
      "(yes, if_safe, no, null) and the reason.\n"
      "Example:\n  mooring explain < failure.json"
  );
  command->callback([options, &chosen] { chosen = [options] { return explain(*options); }; });
}

void add_chaos(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ChaosOptions>();
  auto* command = app.add_subcommand(
      "chaos", "Stand before an MCP server and inject faults, for testing agents and servers"
  );
  command->add_option("--upstream", options->upstream, "The server to stand before")
      ->type_name("URL");
  command
      ->add_option(
          "--listen", options->listen,
          "Where clients connect (127.0.0.1:7778); port 0 takes a free one"
      )
      ->type_name("HOST:PORT");
  command
      ->add_option(
          "--fault", options->faults, "A fault and when it strikes; may be given several times"
      )
      ->type_name("NAME[:KEY=VALUE,...]")
      ->allow_extra_args(false);
  command->add_option("--seed", options->seed, "Make the same choices as the run with this seed")
      ->type_name("N");
  command->add_flag("--list", options->list, "Print faults, their options and dialects, and end");
  command->add_flag("--json", options->json, "Print each fault as a line of JSON on stdout");
  command->add_flag(
      "--control", options->control, "Let local programs inject faults: POST /chaos/FAULT"
  );
  command->add_flag("--insecure", options->insecure, "Listen beyond loopback");
  command->footer(
      "Example:\n  mooring chaos --upstream http://127.0.0.1:9000/mcp --fault expire:every=20s "
      "\\\n    --fault reset-after:p=0.05,method=tools/call"
  );
  command->callback([options, &chosen] { chosen = [options] { return chaos(*options); }; });
}

std::string where_to_look(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? "mooring --help" : "mooring " + chosen.front()->get_name() + " --help";
}

/// The command, or the exit code where there is none to run.
std::expected<Command, int> parse(int argc, char** argv) {
  CLI::App app(
      "Keeps AI agents tied to their MCP servers: gateway, client and tools in one.", "mooring"
  );
  Command chosen;
  auto server_command = take_server_command(argc, argv);
  if (!server_command) return std::unexpected(complain(server_command.error()));
  app.set_version_flag("--version", std::string("mooring ") + MOORING_VERSION);
  app.require_subcommand(1);
  app.footer("mooring COMMAND --help says more.\nExample:\n  mooring serve --config mooring.yaml");
  add_serve(app, chosen);
  add_connect(app, chosen);
  add_wrap(app, chosen, *server_command);
  using upstream::ListKind;
  add_list(app, chosen, "tools", ListKind::tools, "List tools");
  add_list(app, chosen, "resources", ListKind::resources, "List resources and resource templates");
  add_list(app, chosen, "prompts", ListKind::prompts, "List prompts");
  add_call(app, chosen);
  add_read(app, chosen);
  add_prompt(app, chosen);
  add_status(app, chosen);
  add_logs(app, chosen);
  add_login(app, chosen);
  add_logout(app, chosen);
  add_token(app, chosen);
  add_test(app, chosen);
  add_doctor(app, chosen);
  add_add(app, chosen, *server_command);
  add_remove(app, chosen);
  add_import(app, chosen);
  add_explain(app, chosen);
  add_chaos(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return std::unexpected(app.exit(error));
    return std::unexpected(
        complain(usage, fmt::format("{}; see {}", error.what(), where_to_look(app)))
    );
  }
  return chosen;
}

}  // namespace

int run(int argc, char** argv) {
  // A gateway runs for weeks and has no use for the help texts of all commands.
  const auto command = parse(argc, argv);
  return command ? (*command)() : command.error();
}

}  // namespace mooring::cli
