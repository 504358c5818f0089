#include "cli/wrap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "cli/console.hpp"
#include "cli/gateway_process.hpp"
#include "cli/reach.hpp"
#include "cli/surroundings.hpp"
#include "cli/text.hpp"
#include "config/command_guard.hpp"
#include "config/reading.hpp"
#include "config/values.hpp"
#include "core/paths.hpp"
#include "core/redact.hpp"
#include "core/url.hpp"
#include "transport/child_env.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

constexpr auto token_variable = "MOORING_TOKEN";

/// "/usr/bin/mcp-server-git" is "mcp-server-git".
Result<std::string> name_of(const WrapOptions& options) {
  const bool given = !options.name.empty();
  auto name = given ? options.name : fs::path(options.command.front()).filename().string();
  const auto bad = config::bad_server_name(name);
  if (!bad) return name;
  if (given) return fail(Reason::usage, fmt::format("--name {} {}", name, *bad));
  return std::string("server");
}

/// Our variable `name` goes to the child.
void pass(UpstreamConfig& to, const std::string& name, const std::string& value) {
  if (config::looks_secret(name)) config::hide(value);
  to.pass_env.push_back(name);
}

Result<void> set_variables(UpstreamConfig& to, const WrapOptions& options) {
  const auto own = transport::own_environment();
  if (options.pass_environment) {
    constexpr std::array<std::string_view, 2> ours = {token_variable, "MOORING_KEY"};
    for (const auto& [name, value] : own) {
      if (std::ranges::find(ours, name) == ours.end()) pass(to, name, value);
    }
  }
  for (const auto& variable : options.variables) {
    const auto equals = variable.find('=');
    const auto name = variable.substr(0, equals);
    if (!config::is_env_name(name)) {
      return fail(Reason::usage, "an --env reads KEY=VALUE, or KEY to pass a variable on");
    }
    if (equals != std::string::npos) {
      to.env[name] = variable.substr(equals + 1);
      if (config::looks_secret(name)) config::hide(to.env[name]);
    } else if (const auto found = own.find(name); found != own.end()) {
      pass(to, name, found->second);
    } else {
      return fail(Reason::usage, fmt::format("--env {}: this variable is not set here", name));
    }
  }
  return {};
}

/// What keeps the command from being run, before anybody waits for it.
Result<void> check_command_of(const UpstreamConfig& server) {
  if (const auto danger = config::dangerous_command(server)) return fail(Reason::io, *danger);
  std::error_code ignored;
  if (!server.cwd.empty() && !fs::is_directory(server.cwd, ignored)) {
    return fail(Reason::io, fmt::format("--cwd: there is no directory {}", server.cwd));
  }
  if (!find_command(server).empty()) return {};
  auto text = fmt::format("there is no program {}", server.command);
  // "npx -y something" in one pair of quotes, as other bridges take it.
  const auto words = config::split_words(server.command);
  if (server.args.empty() && words && words->size() > 1) {
    text += fmt::format("; leave out the quotes: mooring wrap -- {}", server.command);
  } else if (server.command.find('/') == std::string::npos) {
    text += " on PATH; install it, or give its whole path";
  }
  return fail(Reason::io, text);
}

Result<UpstreamConfig> server_of(const WrapOptions& options) {
  if (options.command.empty()) {
    return fail(
        Reason::usage, "wrap needs a command: mooring wrap [OPTIONS] -- COMMAND [ARGUMENTS]"
    );
  }
  auto name = name_of(options);
  if (!name) return std::unexpected(name.error());
  UpstreamConfig server;
  server.name = std::move(*name);
  server.transport = TransportKind::stdio;
  server.command = options.command.front();
  server.args.assign(options.command.begin() + 1, options.command.end());
  server.cwd = options.cwd;
  if (options.timeout) {
    server.timeout = std::chrono::milliseconds(std::llround(*options.timeout * 1000));
    server.timeout_max = std::max(server.timeout_max, server.timeout);
  }
  if (const auto set = set_variables(server, options); !set) return std::unexpected(set.error());
  if (const auto there = check_command_of(server); !there) return std::unexpected(there.error());
  return server;
}

/// The token that clients have to send, from our environment: command lines can be read by
/// everybody.
Result<void> set_token(config::GatewayConfig& gateway) {
  const auto variable = environment(token_variable);
  if (!variable) return {};
  const auto token = config::trim(*variable);
  const bool clean = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7F; });
  if (token.empty() || !clean) {
    return fail(
        Reason::usage,
        fmt::format(
            "{} is no token: unset it, or make one with openssl rand -hex 32", token_variable
        )
    );
  }
  core::register_secret(std::string(token));
  gateway.tokens.push_back({"default", std::string(token)});
  return {};
}

Result<void> check_listen(const config::GatewayConfig& gateway) {
  const auto address = config::parse_listen(gateway.listen);
  if (!address) return fail(Reason::usage, "--listen: " + address.error().detail);
  const bool guarded = gateway.insecure || !gateway.tokens.empty();
  if (guarded || core::is_loopback_host(address->host)) return {};
  return fail(
      Reason::usage,
      fmt::format(
          "refusing to listen on {} without authentication: set {} to what clients have to send "
          "as bearer token, listen on 127.0.0.1, or say --insecure",
          gateway.listen, token_variable
      )
  );
}

}  // namespace

int wrap(const WrapOptions& options) {
  GatewayPlan plan;
  auto& gateway = plan.config.gateway;
  gateway.listen = options.listen;
  gateway.insecure = options.insecure;
  core::log::parse_level(options.log_level, gateway.log_level);
  if (const auto set = set_token(gateway); !set) return complain(set.error());
  if (const auto good = check_listen(gateway); !good) return complain(good.error());
  auto server = server_of(options);
  if (!server) return complain(server.error());
  gateway.state_dir =
      (core::state_dir(options.state_dir.value_or("")) / "wrap" / server->name).string();
  plan.only = server->name;
  plan.echo = [](std::string_view lines) { fmt::print(stderr, "{}", harmless(lines)); };
  plan.config.servers.emplace_back().config = std::move(*server);
  return run_gateway(std::move(plan));
}

}  // namespace mooring::cli
