#pragma once

#include <filesystem>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <string>
#include <string_view>
#include <vector>

/// A server that is named by its URL and stands in no configuration.
namespace mooring::cli {

/// How it is reached. `headers` are "Name: value" each, the blank optional; `${VAR}` and
/// `${file:/path}` in values are replaced, and again for every session. Its name is the host.
/// Values are kept out of logs. Reason::usage names what is wrong and never a value.
Result<UpstreamConfig> url_target(const std::string& url, const std::vector<std::string>& headers);

/// What a person writes after `mooring login` so that the sign-in counts for this URL and state
/// directory. Ready for a shell.
std::string login_target(std::string_view url, const std::filesystem::path& state_dir);

}  // namespace mooring::cli
