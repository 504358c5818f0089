#pragma once

#include <map>
#include <mooring/upstream_config.hpp>
#include <string>

namespace mooring::transport {

using Environment = std::map<std::string, std::string>;

/// This process's own.
Environment own_environment();

/// What a child is given of `own`: PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_*, TERM, TMPDIR, TZ,
/// XDG_*, and what `config.pass_env` names (proxy variables too only then: they may hold
/// credentials). `config.env` on top.
Environment child_env(const UpstreamConfig& config, const Environment& own);

}  // namespace mooring::transport
