#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/expand.hpp"

namespace mooring::config {

/// What the setters of one server, or of the gateway, share while they read.
struct Reading {
  const Document& document;
  Env env;
  std::vector<std::string> notes = {};            ///< "mooring.yaml:3:5: …"
  std::vector<std::filesystem::path> files = {};  ///< read besides the configuration itself

  void note(Position at, std::string_view text);
  /// A path as it was written at `at`: `~/` is the home directory, a relative one starts at the
  /// directory of its file.
  std::filesystem::path resolve(Position at, std::string_view path) const;
  /// `~/` replaced, nothing else.
  std::string expand_home(std::string_view path) const;
};

/// What happens to a variable that is not set.
enum class Unset { keep, fail };

/// Replaces variables in every string below `node`; keys are left alone. Values of variables are
/// registered for redaction: all but the innocent ones (HOME, PATH …) where `sensitive`, else those
/// whose names look secret. A kept variable and a value with `${input:…}` are reported: the first
/// as a note, the second as the problem.
std::optional<Problem> expand_tree(Node& node, Unset unset, bool sensitive, Reading& reading);

/// Registers values that an expansion used, by the rule of expand_tree; those of files always.
void hide_used(const Expansion& expansion, bool sensitive);

/// Registers a credential for redaction, and what follows its scheme ("Bearer …") too.
void hide(std::string_view credential);

}  // namespace mooring::config
