#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mooring::config {

/// Lines of KEY=VALUE, as `envFile` names them: blank lines and `#` comments are skipped, `export `
/// before a key and quotes around a value are taken off, \n and \" are known inside double quotes.
/// The error is one sentence with the line number.
std::expected<std::vector<std::pair<std::string, std::string>>, std::string> parse_env_file(
    std::string_view text
);

}  // namespace mooring::config
