#include "everything/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <mooring/version.hpp>

#include "everything/expiry_dialect.hpp"

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

Parsed list_dialects() {
  for (const auto& dialect : expiry_dialects()) {
    fmt::print("{:<28}{}\n", dialect.name, dialect.source);
  }
  return {std::nullopt, 0};
}

}  // namespace

Parsed parse_command_line(int argc, char** argv) {
  CLI::App app{"An MCP server that has everything: made for tests and demonstrations."};
  app.set_version_flag("--version", "mooring-everything " MOORING_VERSION);
  CommandLine line;
  std::string listen = "127.0.0.1:0";
  std::string era = "legacy";
  double ttl = 0;
  double drop = 0;
  auto* listening = app.add_option("--listen", listen, "HOST:PORT; port 0 takes a free one");
  auto* stdio = app.add_flag("--stdio", line.stdio, "Speak MCP on stdin and stdout instead");
  app.add_option("--era", era, "Which protocol revisions are served: legacy, modern or both");
  auto* ttl_given = app.add_option(
      "--session-ttl", ttl, "Seconds without a request after which a session expires"
  );
  auto* drop_given =
      app.add_option("--drop-every", drop, "Forget all sessions every so many seconds");
  app.add_option(
      "--expiry-dialect", line.options.expiry_dialect,
      "What is said of a session that is gone; list prints them"
  );
  auto* json = app.add_flag(
      "--json-response", line.options.json_response,
      "Answer POST with JSON only, never with a stream"
  );
  auto* stream =
      app.add_flag("--stream-response", line.always_stream, "Answer POST with a stream always");
  app.add_flag(
      "--strict-init", line.options.strict_init, "Refuse requests before notifications/initialized"
  );
  app.add_option(
      "--page-size", line.options.page_size, "Items on one page of a list; 0 means one page"
  );
  app.add_option("--extra-tools", line.options.extra_tools, "Add so many dummy tools")
      ->check(CLI::Range(0, 100000));
  app.add_option(
      "--allow-host", line.allowed_hosts, "Accept this Host besides loopback names; * accepts all"
  );
  app.add_option("--log-level", line.log_level, "trace, debug, info, warn, error or off");
  stdio->excludes(listening)
      ->excludes(ttl_given)
      ->excludes(drop_given)
      ->excludes(json)
      ->excludes(stream);
  json->excludes(stream);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return {std::nullopt, app.exit(error)};
    return usage(error.what());
  }
  if (line.options.expiry_dialect == "list") return list_dialects();
  if (find_expiry_dialect(line.options.expiry_dialect) == nullptr) {
    return usage(
        "unknown expiry dialect " + line.options.expiry_dialect +
        "; --expiry-dialect list prints them"
    );
  }
  if (era == "modern" || era == "both") {
    return usage("--era " + era + " is not supported yet: this build serves the legacy era");
  }
  if (era != "legacy") return usage("--era must be legacy, modern or both");
  if (!parse_listen(listen, line)) return usage("--listen must be HOST:PORT");
  if (ttl_given->count() != 0 && !(line.options.session_ttl = positive_seconds(ttl))) {
    return usage("--session-ttl must be a positive number of seconds");
  }
  if (drop_given->count() != 0 && !(line.options.drop_every = positive_seconds(drop))) {
    return usage("--drop-every must be a positive number of seconds");
  }
  return {std::move(line), 0};
}

}  // namespace mooring::everything
