#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace mooring::protocol {

/// Protocol revisions, oldest first. Comparison operators order them in time.
enum class Version { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25 };

inline constexpr Version latest_legacy = Version::v2025_11_25;

std::string_view to_string(Version version);
std::optional<Version> parse_version(std::string_view text);
/// What a server answers to an offer: the same revision when it is known, else the newest
/// (lifecycle, "Version Negotiation").
Version negotiate(std::string_view offered);

}  // namespace mooring::protocol
