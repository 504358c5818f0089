#pragma once

#include <filesystem>
#include <string>

namespace mooring::core {

/// Where tokens, keys and history live: `override` when not empty, else $XDG_STATE_HOME/mooring,
/// else ~/.local/state/mooring. Not created.
std::filesystem::path state_dir(const std::string& override = {});
/// Where configuration is looked for: $XDG_CONFIG_HOME/mooring, else ~/.config/mooring.
std::filesystem::path config_dir();
/// $HOME, else the home of the user in the password database.
std::filesystem::path home_dir();

}  // namespace mooring::core
