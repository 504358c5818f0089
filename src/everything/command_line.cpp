#include "everything/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <mooring/version.hpp>

#include "chaos/expiry_dialect.hpp"

namespace mooring::everything {
namespace {

Parsed usage(const std::string& what) {
  fmt::print(stderr, "mooring-everything: {}\n", what);
  return {std::nullopt, 2};
}

/// "HOST:PORT", "[::1]:PORT".
bool parse_listen(const std::string& text, CommandLine& line) {
  auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const char* end = text.data() + text.size();
  auto read = std::from_chars(text.data() + colon + 1, end, line.port);
  if (read.ec != std::errc{} || read.ptr != end) return false;
  line.host = text.substr(0, colon);
  if (line.host.starts_with('[') && line.host.ends_with(']')) {
    line.host = line.host.substr(1, line.host.size() - 2);
  }
  return !line.host.empty();
}

std::optional<core::Duration> positive_seconds(double value) {
  if (!(value > 0) || value > 1e9) return std::nullopt;
  return core::Duration(std::max<long long>(1, std::llround(value * 1000)));
}

std::optional<Era> parse_era(std::string_view text) {
  if (text == "legacy") return Era::legacy;
  if (text == "modern") return Era::modern;
  if (text == "both") return Era::both;
  return std::nullopt;
}

Parsed list_dialects() {
  for (const auto& dialect : chaos::expiry_dialects()) {
    fmt::print("{:<28}{}\n", dialect.name, dialect.source);
  }
  return {std::nullopt, 0};
}

/// What CLI11 fills in as it comes; `take` makes a CommandLine of it.
struct Given {
  CommandLine line;
  std::string listen = "127.0.0.1:0";
  std::optional<std::string> era;
  std::optional<double> ttl;
  std::optional<double> drop;
  std::optional<double> task_ttl;
};

void declare(CLI::App& app, Given& given) {
  auto& options = given.line.options;
  auto* listen = app.add_option("--listen", given.listen, "HOST:PORT; port 0 takes a free one");
  auto* stdio = app.add_flag("--stdio", given.line.stdio, "Speak MCP on stdin and stdout instead");
  app.add_option(
      "--era", given.era,
      "Revisions served: legacy (to 2025-11-25), modern (2026-07-28) or both; without it both, and "
      "legacy where an option is about sessions, which the modern era has not"
  );
  auto* ttl = app.add_option(
      "--session-ttl", given.ttl, "Seconds without a request after which a session expires"
  );
  auto* drop =
      app.add_option("--drop-every", given.drop, "Forget all sessions every so many seconds");
  app.add_option(
      "--expiry-dialect", options.expiry_dialect,
      "What is said of a session that is gone; list prints them"
  );
  auto* json = app.add_flag(
      "--json-response", options.json_response, "Answer POST with JSON only, never with a stream"
  );
  auto* stream = app.add_flag(
      "--stream-response", given.line.always_stream, "Answer POST with a stream always"
  );
  app.add_flag(
      "--strict-init", options.strict_init, "Refuse requests before notifications/initialized"
  );
  app.add_option("--task-ttl", given.task_ttl, "Seconds for which a task is kept");
  app.add_option("--page-size", options.page_size, "Items on one page of a list; 0: one page");
  app.add_option("--extra-tools", options.extra_tools, "Add so many dummy tools")
      ->check(CLI::Range(0, 100000));
  app.add_option(
      "--ledger", options.ledger, "Append a line to this file for each execution of a count tool"
  );
  app.add_option(
      "--allow-host", given.line.allowed_hosts, "Accept this Host besides loopback names; * all"
  );
  app.add_option("--log-level", given.line.log_level, "trace, debug, info, warn, error or off");
  for (auto* option : {listen, ttl, drop, json, stream}) stdio->excludes(option);
  json->excludes(stream);
}

Parsed take(Given given) {
  auto& options = given.line.options;
  const auto fresh_dialect = Options{}.expiry_dialect;
  if (options.expiry_dialect == "list") return list_dialects();
  if (chaos::find_expiry_dialect(options.expiry_dialect) == nullptr) {
    return usage(
        "unknown expiry dialect " + options.expiry_dialect + "; --expiry-dialect list prints them"
    );
  }
  const bool about_sessions = given.ttl || given.drop || options.expiry_dialect != fresh_dialect;
  const auto era = parse_era(given.era.value_or(about_sessions ? "legacy" : "both"));
  if (!era) return usage("--era must be legacy, modern or both");
  options.era = *era;
  if (!parse_listen(given.listen, given.line)) return usage("--listen must be HOST:PORT");
  if (given.ttl && !(options.session_ttl = positive_seconds(*given.ttl))) {
    return usage("--session-ttl must be a positive number of seconds");
  }
  if (given.drop && !(options.drop_every = positive_seconds(*given.drop))) {
    return usage("--drop-every must be a positive number of seconds");
  }
  if (given.task_ttl) {
    const auto ttl = positive_seconds(*given.task_ttl);
    if (!ttl) return usage("--task-ttl must be a positive number of seconds");
    options.task_ttl = *ttl;
  }
  return {std::move(given.line), 0};
}

}  // namespace

Parsed parse_command_line(int argc, char** argv) {
  CLI::App app{"An MCP server that has everything: made for tests and demonstrations."};
  app.set_version_flag("--version", "mooring-everything " MOORING_VERSION);
  Given given;
  declare(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return {std::nullopt, app.exit(error)};
    return usage(error.what());
  }
  return take(std::move(given));
}

}  // namespace mooring::everything
