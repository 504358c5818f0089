#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::config {

/// Where variables are looked up; empty means unset.
using Env = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
Env process_env();

/// A text after `${VAR}`, `${VAR:-default}` and `${env:VAR}` were replaced. The default counts when
/// the variable is unset or empty, as in a shell, and may hold variables itself. What cannot be
/// replaced stays in the text as written.
struct Expansion {
  struct Used {
    std::string name;
    std::string value;
  };

  std::string text;
  std::vector<Used> used;           ///< variables that were set
  std::vector<std::string> unset;   ///< as written: "${TOKEN}"
  std::vector<std::string> inputs;  ///< `${input:…}`, which only an editor can ask for
};

Expansion expand(std::string_view text, const Env& env);

}  // namespace mooring::config
