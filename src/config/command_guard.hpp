#pragma once

#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>

namespace mooring::config {

/// Why this server's command must not be started, or nothing: a shell that fetches a script and
/// runs it
/// (`bash -c "curl … | sh"`, `sh -c "$(wget …)"`). A pasted configuration is the usual way to get
/// one. It guards against the careless paste, not against an operator who wants to. Asked when a
/// server is added and again before a spawn.
std::optional<std::string> dangerous_command(const UpstreamConfig& config);

}  // namespace mooring::config
