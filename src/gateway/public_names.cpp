#include "gateway/public_names.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "protocol/names.hpp"

namespace mooring::gateway {

std::vector<Named> wanted_names(std::string_view server, const Items& items) {
  std::vector<std::string> names;
  names.reserve(items.size());
  for (const auto* item : items) names.push_back(item->key);
  auto public_names = protocol::assign_public_names(server, names);
  std::vector<Named> all;
  all.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto& shown = public_names[i];
    const bool exact = shown.size() == server.size() + 2 + names[i].size() &&
                       shown.starts_with(server) && shown.ends_with(names[i]);
    all.push_back({server, items[i]->key, std::move(shown), exact});
  }
  return all;
}

bool settle_names(std::vector<Named>& all, std::vector<std::string>& warnings) {
  bool altered = false;
  std::unordered_map<std::string, Named*> taken;
  taken.reserve(all.size());
  for (auto& named : all) {
    auto& holder = taken[named.public_name];
    if (holder == nullptr) {
      holder = &named;
      continue;
    }
    altered = true;
    auto* loser = &named;
    if (named.exact && !holder->exact) std::swap(loser, holder);
    const auto& winner = *holder;
    loser->public_name = protocol::hashed_public_name(loser->server, loser->key);
    const bool found = taken.try_emplace(loser->public_name, loser).second;
    warnings.push_back(fmt::format(
        "'{}' of server '{}' and '{}' of server '{}' would both be called '{}'; the latter is {}",
        winner.key, winner.server, loser->key, loser->server, winner.public_name,
        found ? fmt::format("shown as '{}'", loser->public_name) : "not shown"
    ));
    if (!found) loser->public_name.clear();
  }
  return altered;
}

}  // namespace mooring::gateway
