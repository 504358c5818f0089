#pragma once

#include <cstdint>
#include <expected>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/expand.hpp"

/// Headers of a server: what may be one, and their values as of now.
namespace mooring::config {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Why a header cannot be sent; never quotes its value, which is a secret more often than not.
struct BadHeader {
  std::string text;
  bool of_value = false;  ///< else of its name
};

enum class HeaderUse : std::uint8_t {
  added,
  ours,  ///< Mooring writes it itself; left out
};

/// Checks a header and appends it, its value without blanks at the ends. A value whose name looks
/// secret is registered for redaction.
std::expected<HeaderUse, BadHeader> add_header(
    Headers& headers, std::string_view name, std::string_view value
);

/// The headers to send from now on: `header_templates` with variables and files as they are at this
/// moment, `env_file` before `env`. Reads files, briefly blocking. Without templates: `headers`.
/// Reason::config names the header and the variable or file.
Result<Headers> resolve_headers(const UpstreamConfig& config, const Env& env);

}  // namespace mooring::config
