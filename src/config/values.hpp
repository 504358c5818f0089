#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The forms a single value may be written in, and how it is written back. Errors say which forms
/// there are.
namespace mooring::config {

using Duration = std::chrono::milliseconds;

/// Seconds ("60", "2.5") or numbers with units ms, s, m, min, h, d ("500ms", "1m30s"). At most a
/// year; anything above zero is at least 1 ms.
std::expected<Duration, std::string> parse_duration(std::string_view text);
/// Bytes ("4096") or a number with a unit: B, KB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of
/// 1024).
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);
/// A whole number between `min` and `max`.
std::expected<long long, std::string> parse_count(
    std::string_view text, long long min, long long max
);
/// true, yes, on, 1, false, no, off, 0 in any case; nothing for other words.
std::optional<bool> parse_bool(std::string_view text);

std::string format_duration(Duration value);   ///< "500ms", "60s", "5m", "24h"
std::string format_size(std::uint64_t value);  ///< "32KiB", "10MiB", "1000"

/// Splits like a shell does, without expanding anything: blanks separate, quotes and backslashes
/// hold together. The error is a quote that is never closed.
std::expected<std::vector<std::string>, std::string> split_words(std::string_view text);

std::string lower(std::string_view text);      ///< ASCII
std::string_view trim(std::string_view text);  ///< blanks, tabs and line breaks at both ends
bool is_env_name(std::string_view text);       ///< [A-Za-z_][A-Za-z0-9_]*
/// True for the names of headers and variables that usually hold credentials: "Authorization",
/// "X-Api-Key", "DB_PASSWORD".
bool looks_secret(std::string_view name);

}  // namespace mooring::config
