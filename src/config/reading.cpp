#include "config/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/values.hpp"
#include "core/redact.hpp"

namespace mooring::config {
namespace {

/// Their values stand in many innocent texts; blacking them out would make logs unreadable.
bool is_innocent(std::string_view variable) {
  constexpr std::array<std::string_view, 12> names = {"HOME",    "PATH",     "PWD",  "USER",
                                                      "LOGNAME", "SHELL",    "LANG", "TERM",
                                                      "TMPDIR",  "HOSTNAME", "HOST", "PORT"};
  return variable.starts_with("XDG_") || variable.starts_with("LC_") ||
         std::ranges::find(names, variable) != names.end();
}

std::optional<Problem> expand_scalar(Node& node, Unset unset, bool sensitive, Reading& reading) {
  if (node.kind != Node::Kind::string || node.text.find("${") == std::string::npos) return {};
  Expansion expansion = expand(node.text, reading.env, [&](const std::string& path) {
    return read_secret_file(reading.resolve(node.at, path).string());
  });
  const auto problem = expansion.problem();
  if (problem && (unset == Unset::fail || !expansion.inputs.empty())) {
    return Problem{node.at, *problem};
  }
  for (const std::string& name : expansion.unset) {
    reading.note(node.at, fmt::format("{} is not set and stays as it is written", name));
  }
  hide_used(expansion, sensitive);
  node.text = std::move(expansion.text);
  return {};
}

}  // namespace

void Reading::note(Position at, std::string_view text) {
  notes.push_back(document.message(at, text));
}

std::string Reading::expand_home(std::string_view path) const {
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  const auto home = env("HOME");
  if (!home || home->empty()) return std::string(path);
  return *home + std::string(path.substr(1));
}

std::filesystem::path Reading::resolve(Position at, std::string_view path) const {
  std::filesystem::path out = expand_home(path);
  if (out.is_absolute() || at.file >= document.files.size()) return out;
  return (std::filesystem::path(document.files[at.file]).parent_path() / out).lexically_normal();
}

std::optional<Problem> expand_tree(Node& node, Unset unset, bool sensitive, Reading& reading) {
  if (auto problem = expand_scalar(node, unset, sensitive, reading)) return problem;
  for (Node& item : node.items) {
    if (auto problem = expand_tree(item, unset, sensitive, reading)) return problem;
  }
  for (Member& member : node.members) {
    if (auto problem = expand_tree(member.value, unset, sensitive, reading)) return problem;
  }
  return {};
}

void hide_used(const Expansion& expansion, bool sensitive) {
  for (const Expansion::Used& used : expansion.used) {
    const bool secret = used.from_file || looks_secret(used.name);
    if (secret || (sensitive && !is_innocent(used.name))) hide(used.value);
  }
}

void hide(std::string_view credential) {
  // The name of a variable that is not set is no secret, and has to be told.
  const auto register_value = [](std::string_view value) {
    if (!value.starts_with("${")) core::register_secret(std::string(value));
  };
  credential = trim(credential);
  register_value(credential);
  const std::size_t blank = credential.find(' ');
  if (blank != std::string_view::npos) register_value(trim(credential.substr(blank)));
}

}  // namespace mooring::config
