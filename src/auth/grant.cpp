#include "auth/grant.hpp"

#include <algorithm>
#include <array>

namespace mooring::auth {

namespace {

constexpr std::array<std::string_view, 4> method_names = {
    "none", "client_secret_basic", "client_secret_post", "private_key_jwt"
};

}  // namespace

std::string_view to_string(ClientAuth method) {
  return method_names[static_cast<std::size_t>(method)];
}

std::optional<ClientAuth> parse_client_auth(std::string_view name) {
  const auto found = std::ranges::find(method_names, name);
  if (found == method_names.end()) return std::nullopt;
  return static_cast<ClientAuth>(found - method_names.begin());
}

std::vector<std::string> split_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty() || std::ranges::find(scopes, word) != scopes.end()) continue;
    scopes.emplace_back(word);
  }
  return scopes;
}

std::string join_scopes(const std::vector<std::string>& scopes) {
  std::string out;
  for (const auto& scope : scopes) out += (out.empty() ? "" : " ") + scope;
  return out;
}

std::vector<std::string> united(
    std::vector<std::string> first, const std::vector<std::string>& second
) {
  for (const auto& each : second) {
    if (std::ranges::find(first, each) == first.end()) first.push_back(each);
  }
  return first;
}

}  // namespace mooring::auth
