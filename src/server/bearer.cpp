#include "server/bearer.hpp"

#include "core/constant_time.hpp"
#include "core/hash.hpp"

namespace mooring::server {

std::optional<std::string> Bearer::principal(std::string_view authorization) const {
  if (!required()) return std::string();
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.size() <= scheme.size()) return std::nullopt;
  for (std::size_t i = 0; i + 1 < scheme.size(); ++i) {
    if ((authorization[i] | 0x20) != (scheme[i] | 0x20)) return std::nullopt;
  }
  if (authorization[scheme.size() - 1] != ' ') return std::nullopt;
  const auto given = core::sha256_hex(authorization.substr(scheme.size()));
  std::optional<std::string> found;
  for (const auto& [name, token] : tokens_) {
    if (core::constant_time_equal(given, core::sha256_hex(token))) found = name;
  }
  return found;
}

}  // namespace mooring::server
