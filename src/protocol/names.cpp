#include "protocol/names.hpp"

#include <algorithm>

#include "core/hash.hpp"

namespace mooring::protocol {
namespace {

constexpr std::size_t hash_digits = max_name - max_prefix - 1;

std::string plain_public_name(std::string_view server, std::string_view name) {
  return sanitize_name(server) + "__" + sanitize_name(name);
}

}  // namespace

std::string sanitize_name(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!allowed) c = '_';
  }
  return out;
}

std::string public_name(std::string_view server, std::string_view name) {
  std::string plain = plain_public_name(server, name);
  return plain.size() <= max_name ? plain : hashed_public_name(server, name);
}

std::string hashed_public_name(std::string_view server, std::string_view name) {
  std::string out = plain_public_name(server, name);
  out.resize(std::min(out.size(), max_prefix));
  std::string both(server);
  both.append(1, '\0').append(name);
  return out.append("_").append(core::sha256_hex(both), 0, hash_digits);
}

std::string public_prefix(std::string_view server) {
  auto prefix = plain_public_name(server, {});
  prefix.resize(std::min(prefix.size(), max_prefix));
  return prefix;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last '*' seen, and how much text it takes
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<std::string> assign_public_names(
    std::string_view server, const std::vector<std::string>& names
) {
  std::map<std::string, std::string_view>
      first_owner;  // public name → the first name that wants it
  std::map<std::string, bool> contested;
  std::vector<std::string> out;
  out.reserve(names.size());
  for (const std::string& name : names) {
    std::string wanted = public_name(server, name);
    const auto [owner, fresh] = first_owner.emplace(wanted, name);
    if (!fresh && owner->second != name) contested[wanted] = true;
    out.push_back(std::move(wanted));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool altered = sanitize_name(names[i]) != names[i];
    if (altered && contested.contains(out[i])) out[i] = hashed_public_name(server, names[i]);
  }
  return out;
}

}  // namespace mooring::protocol
