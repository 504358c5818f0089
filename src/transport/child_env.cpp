#include "transport/child_env.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace mooring::transport {

namespace {

bool is_harmless(std::string_view name) {
  constexpr std::array<std::string_view, 9> names = {"PATH", "HOME", "USER",   "LOGNAME", "SHELL",
                                                     "LANG", "TERM", "TMPDIR", "TZ"};
  return std::ranges::find(names, name) != names.end() || name.starts_with("LC_") ||
         name.starts_with("XDG_");
}

}  // namespace

Environment own_environment() {
  Environment all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    all.try_emplace(std::string(text.substr(0, equals)), text.substr(equals + 1));
  }
  return all;
}

Environment child_env(const UpstreamConfig& config, const Environment& own) {
  Environment env;
  for (const auto& [name, value] : own) {
    if (is_harmless(name)) env.emplace(name, value);
  }
  for (const auto& name : config.pass_env) {
    if (const auto given = own.find(name); given != own.end()) env.insert(*given);
  }
  for (const auto& [name, value] : config.env) env.insert_or_assign(name, value);
  return env;
}

}  // namespace mooring::transport
