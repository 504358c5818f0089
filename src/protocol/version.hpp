#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace mooring::protocol {

/// Protocol revisions, oldest first. Comparison operators order them in time. Up to 2025-11-25 a
/// handshake opens a session (the legacy era); from 2026-07-28 every request stands for itself (the
/// modern era).
enum class Version { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

inline constexpr Version latest_legacy = Version::v2025_11_25;
inline constexpr Version latest_modern = Version::v2026_07_28;

constexpr bool is_modern(Version version) { return version > latest_legacy; }

std::string_view to_string(Version version);
std::optional<Version> parse_version(std::string_view text);
/// What a server answers to the offer of `initialize`: the same revision when it is one of the
/// legacy era, else the newest of that era (2025-11-25 lifecycle, "Version Negotiation").
Version negotiate(std::string_view offered);

}  // namespace mooring::protocol
