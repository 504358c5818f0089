#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/names.hpp"

namespace mooring::gateway {

/// The servers of one configuration in their order, found by their names and by the public names of
/// what they show (protocol/names.hpp). Immutable; knows nothing of what they show at the moment,
/// so that it stays while they come and go.
class ServerNames {
 public:
  ServerNames() = default;
  explicit ServerNames(std::vector<std::string> names);

  std::size_t size() const { return names_.size(); }
  const std::string& operator[](std::size_t at) const { return names_[at]; }
  std::optional<std::size_t> find(std::string_view name) const;
  /// `visit(position)` for each server whose public names may include this one, until it says
  /// false. With rare exceptions it is one.
  template <class Visit>
  void for_each_owner(std::string_view public_name, Visit&& visit) const;
  /// Servers of which two may come to the same public name ("a.b" and "a_b", "a" and "a__b"). No
  /// name of a group can meet one of another; who is in none is alone. Positions ascend.
  const std::vector<std::vector<std::size_t>>& groups() const { return groups_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class Value>
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  void group(const std::vector<std::string>& prefixes);
  /// Servers whose public names begin with this; null: none.
  const std::vector<std::size_t>* with_prefix(std::string_view prefix) const;

  std::vector<std::string> names_;
  Map<std::size_t> by_name_;
  Map<std::vector<std::size_t>> by_prefix_;  ///< what all public names of a server begin with
  std::vector<std::vector<std::size_t>> groups_;
};

template <class Visit>
void ServerNames::for_each_owner(std::string_view public_name, Visit&& visit) const {
  const auto go_on = [&](std::size_t size) {
    const auto* found = with_prefix(public_name.substr(0, size));
    if (found == nullptr) return true;
    for (const auto at : *found) {
      if (!visit(at)) return false;
    }
    return true;
  };
  // A prefix ends in "__", unless it was cut.
  for (auto at = public_name.find("__"); at != std::string_view::npos;
       at = public_name.find("__", at + 1)) {
    if (at + 2 >= protocol::max_prefix) break;
    if (!go_on(at + 2)) return;
  }
  if (public_name.size() >= protocol::max_prefix) go_on(protocol::max_prefix);
}

}  // namespace mooring::gateway
