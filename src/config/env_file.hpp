#pragma once

#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/expand.hpp"

namespace mooring::config {

/// Lines of KEY=VALUE, as `envFile` names them: blank lines and `#` comments are skipped, `export `
/// before a key and quotes around a value are taken off, \n and \" are known inside double quotes.
/// The error is one sentence with the line number.
std::expected<std::vector<std::pair<std::string, std::string>>, std::string> parse_env_file(
    std::string_view text
);

/// Reads such a file; the last of equal keys counts. Values whose names look secret are registered
/// for redaction. The error names the file.
std::expected<std::map<std::string, std::string>, std::string> read_env_file(
    const std::filesystem::path& path
);

/// Looks in `first`, then in `second`. Holds a copy of both.
Env layered(std::map<std::string, std::string> first, Env second);

}  // namespace mooring::config
