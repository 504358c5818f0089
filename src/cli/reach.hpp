#pragma once

#include <mooring/upstream_config.hpp>

#include "cli/checks.hpp"

/// Whether what a server needs is there at all, before anything is started.
namespace mooring::cli {

/// The full path of a stdio server's command, looked up as the child would; empty: not found.
std::string find_command(const UpstreamConfig& config);
/// The command of a stdio server exists and can be executed, and its directory is there.
Check check_command(const UpstreamConfig& config);
/// The host of an HTTP server has an address.
Check check_address(const UpstreamConfig& config);
/// Something answers HTTP at the URL (HEAD, at most 5 s).
Check check_url(const UpstreamConfig& config);

}  // namespace mooring::cli
