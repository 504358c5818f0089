#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mooring::protocol {

inline constexpr std::size_t max_name = 64;
inline constexpr std::size_t max_prefix = max_name - 9;  ///< before '_' and 8 digits of a hash

/// `text` with every character outside [A-Za-z0-9_-] turned into '_'.
std::string sanitize_name(std::string_view text);

/// The name under which `/mcp` shows a tool or prompt: sanitized `SERVER__name`; over 64 characters
/// it is cut and ends in
/// '_' and the first 8 hex digits of SHA-256 over "SERVER\0name", so it depends on nothing but the
/// two.
std::string public_name(std::string_view server, std::string_view name);
/// The same with the hash suffix always, for names that two tools would share after sanitizing.
std::string hashed_public_name(std::string_view server, std::string_view name);
/// What every public name of a server begins with: its sanitized name and "__", cut where a name
/// with a hash is.
std::string public_prefix(std::string_view server);

/// `*` and `?` wildcards, case-sensitive, anchored at both ends.
bool matches_pattern(std::string_view pattern, std::string_view text);

/// Public names of one server's tools (or prompts), in order. Where two names collide after
/// sanitizing, every one that had to be altered gets the hashed form, and one that is spelled
/// exactly like its public name keeps it.
std::vector<std::string> assign_public_names(
    std::string_view server, const std::vector<std::string>& names
);

/// True when `uri` can come from the RFC 6570 template (simple and reserved expansion, levels 1–3,
/// are understood).
bool matches_uri_template(std::string_view uri_template, std::string_view uri);

}  // namespace mooring::protocol
