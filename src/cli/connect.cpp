#include "cli/connect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "cli/console.hpp"
#include "cli/gateway_process.hpp"
#include "cli/surroundings.hpp"
#include "cli/url_target.hpp"
#include "config/values.hpp"
#include "core/url.hpp"

namespace mooring::cli {

namespace {

/// What of mcp-remote's command line cannot be taken over; nothing: all of it can.
Result<void> check_words(const ConnectOptions& options) {
  if (!is_url(options.url)) {
    return fail(
        Reason::usage,
        fmt::format(
            "connect takes a URL, not {}; servers of a configuration are for mooring serve --stdio",
            options.url
        )
    );
  }
  if (!options.callback_port.empty() && !config::parse_count(options.callback_port, 1, 65535)) {
    return fail(
        Reason::usage, fmt::format("connect takes one URL; {} is too much", options.callback_port)
    );
  }
  if (options.refused.empty()) return {};
  return fail(
      Reason::usage,
      fmt::format(
          "{} cannot be given here: write the server into mooring.yaml with what it needs under "
          "auth, run mooring login NAME, and let the client start mooring serve --stdio",
          fmt::join(options.refused, ", ")
      )
  );
}

void tell_what_has_no_effect(const ConnectOptions& options) {
  auto words = options.unused;
  if (!options.callback_port.empty()) words.push_back("the callback port " + options.callback_port);
  if (words.empty()) return;
  warn(fmt::format(
      "{} {} no effect: mooring login signs in, with an address of its own", fmt::join(words, ", "),
      words.size() == 1 ? "has" : "have"
  ));
}

/// Which transport is tried first makes no difference: what the server does not speak is noticed.
TransportKind transport_of(const ConnectOptions& options) {
  if (options.transport == "http-only") return TransportKind::http;
  if (options.transport == "sse-only") return TransportKind::sse;
  return TransportKind::automatic;
}

core::log::Level log_level_of(const ConnectOptions& options) {
  auto level = core::log::Level::info;
  if (options.silent) level = core::log::Level::off;
  if (options.debug) level = core::log::Level::debug;
  if (options.log_level) core::log::parse_level(*options.log_level, level);
  return level;
}

void warn_of_plain_http(const std::string& text) {
  const auto url = core::Url::parse(text);
  if (!url || url->is_tls() || url->is_loopback()) return;
  warn(fmt::format(
      "what goes to {} can be read on the way: use https, or say --allow-http", url->origin()
  ));
}

}  // namespace

int connect(const ConnectOptions& options) {
  if (const auto good = check_words(options); !good) return complain(good.error());
  auto server = url_target(options.url, options.headers);
  if (!server) return complain(server.error());
  tell_what_has_no_effect(options);
  if (!options.allow_http) warn_of_plain_http(options.url);
  server->transport = transport_of(options);
  server->tools.exclude = options.ignored_tools;
  if (options.timeout) {
    server->timeout = std::chrono::milliseconds(std::llround(*options.timeout * 1000));
    server->timeout_max = std::max(server->timeout_max, server->timeout);
  }
  // Where `mooring login URL` looks for it.
  CommonOptions common;
  common.state_dir = options.state_dir;
  const auto state_dir = Surroundings(common).state_dir();

  GatewayPlan plan;
  plan.config.gateway.state_dir = state_dir.string();
  plan.config.gateway.log_level = log_level_of(options);
  plan.listens = false;
  plan.stdio = true;
  plan.only = server->name;
  plan.keeps_sessions = false;
  plan.login_target = login_target(options.url, state_dir);
  plan.config.servers.emplace_back().config = std::move(*server);
  return run_gateway(std::move(plan));
}

}  // namespace mooring::cli
