#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::core {

using SealKey = std::array<std::uint8_t, 32>;

/// Authenticated encryption for tokens that travel through a client (AES-256-GCM, random 96-bit
/// nonce). Immutable after construction; safe from any thread.
class Sealer {
 public:
  explicit Sealer(SealKey key) : key_(key) {}

  /// A URL-safe token (base64url without padding). `context` is bound to it but not contained in
  /// it.
  std::string seal(std::string_view plain, std::string_view context) const;
  /// The plain text; empty when the token was altered, cut, or sealed with another key or context.
  std::optional<std::string> open(std::string_view token, std::string_view context) const;

 private:
  SealKey key_;
};

/// The key in `path`, made on first use (0600, its directory 0700). Two processes that start at
/// once end with the same key. A file that is not 32 bytes, or that others may read, is an error
/// and stays untouched.
Result<SealKey> load_or_create_key(const std::filesystem::path& path);

}  // namespace mooring::core
