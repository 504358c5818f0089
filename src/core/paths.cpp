#include "core/paths.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace mooring::core {
namespace {

/// The XDG specification says that relative values are to be ignored.
std::filesystem::path xdg(const char* variable, const char* below_home) {
  const char* value = std::getenv(variable);
  const std::filesystem::path given = value == nullptr ? "" : value;
  return (given.is_absolute() ? given : home_dir() / below_home) / "mooring";
}

}  // namespace

std::filesystem::path home_dir() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr && found->pw_dir != nullptr) {
    return found->pw_dir;
  }
  return "/";
}

std::filesystem::path state_dir(const std::string& override) {
  return override.empty() ? xdg("XDG_STATE_HOME", ".local/state") : std::filesystem::path(override);
}

std::filesystem::path config_dir() { return xdg("XDG_CONFIG_HOME", ".config"); }

}  // namespace mooring::core
