#pragma once

#include <functional>
#include <mooring/result.hpp>
#include <string>

#include "config/config.hpp"
#include "transport/stderr_log.hpp"

namespace mooring::cli {

/// A gateway as one command wants it: which servers it holds, and who is let in where.
struct GatewayPlan {
  config::Config config;
  bool listens = true;  ///< HTTP on `config.gateway.listen`
  bool stdio = false;   ///< one client on stdin and stdout; its end ends the process
  /// The server that stdin and `/mcp` stand for, names untouched; empty: all of them as one.
  std::string only;
  /// What clients set up (log levels, subscriptions) and what lazy servers offer outlives the
  /// process.
  bool keeps_sessions = true;
  /// What follows `mooring login` where the servers stand in no configuration; empty: their names.
  std::string login_target;
  /// Is shown what children write to stderr, besides their logs.
  transport::StderrLog::Echo echo;
  /// Reads the configuration again, for SIGHUP and where a file has changed; empty: there is
  /// nothing to read, and SIGHUP (a terminal was closed) ends the process, unless nohup ran it.
  std::function<Result<config::Config>()> read_again;
};

/// Runs the gateway until SIGTERM, SIGINT or the end of stdin (`stdio`), then drains. The first
/// line on stderr is "listening http://HOST:PORT" where it listens. Returns the exit code; what was
/// wrong has been told.
int run_gateway(GatewayPlan plan);

}  // namespace mooring::cli
