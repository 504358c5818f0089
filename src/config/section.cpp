#include "config/section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/nearest.hpp"

namespace mooring::config {

void Section::bind(std::string path, Setter set) {
  bindings_.push_back({std::move(path), std::move(set)});
}

std::vector<Problem> Section::apply(const Node& map) const {
  std::vector<Problem> problems;
  walk(map, "", problems);
  return problems;
}

void Section::walk(const Node& map, const std::string& prefix, std::vector<Problem>& problems)
    const {
  for (const Member& member : map.members) {
    const std::string path = prefix + member.key;
    bool known = false;
    for (const Binding& binding : bindings_) {
      if (binding.path != path) continue;
      known = true;
      auto problem = binding.set(member.value);
      if (!problem) continue;
      problem->text = fmt::format("{}: {}", path, problem->text);
      problems.push_back(std::move(*problem));
      break;
    }
    if (known) continue;
    const auto group = below(path + ".");
    if (group.empty()) {
      problems.push_back(unknown(member, prefix));
    } else if (member.value.kind == Node::Kind::map) {
      walk(member.value, path + ".", problems);
    } else if (member.value.kind != Node::Kind::null) {
      problems.push_back(
          {member.value.at, fmt::format(
                                "{} takes a map with the keys {}, not {}", path,
                                fmt::join(group, ", "), describe(member.value)
                            )}
      );
    }
  }
}

std::vector<std::string> Section::below(const std::string& prefix) const {
  std::vector<std::string> keys;
  for (const Binding& binding : bindings_) {
    if (!binding.path.starts_with(prefix)) continue;
    std::string key = binding.path.substr(prefix.size());
    key.resize(std::min(key.find('.'), key.size()));
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
  }
  return keys;
}

Problem Section::unknown(const Member& member, const std::string& prefix) const {
  auto near = nearest_key(member.key, below(prefix));
  if (near) {
    near->insert(0, prefix);
  } else {
    std::vector<std::string> paths;
    for (const Binding& binding : bindings_) paths.push_back(binding.path);
    near = nearest_key(member.key, paths);
  }
  const std::string key = shown(prefix + member.key);
  if (near) {
    return {member.at, fmt::format("unknown key {}; did you mean \"{}\"?", key, *near)};
  }
  return {member.at, fmt::format("unknown key {}; docs/config.md lists the known ones", key)};
}

}  // namespace mooring::config
