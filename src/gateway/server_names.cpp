#include "gateway/server_names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace mooring::gateway {

ServerNames::ServerNames(std::vector<std::string> names) : names_(std::move(names)) {
  std::vector<std::string> prefixes;
  prefixes.reserve(names_.size());
  for (std::size_t at = 0; at < names_.size(); ++at) {
    by_name_.emplace(names_[at], at);
    prefixes.push_back(protocol::public_prefix(names_[at]));
    by_prefix_[prefixes.back()].push_back(at);
  }
  group(prefixes);
}

/// In order of the prefixes, one stands before all that begin with it.
void ServerNames::group(const std::vector<std::string>& prefixes) {
  std::vector<std::size_t> order(prefixes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t at) {
    return std::pair(std::string_view(prefixes[at]), at);
  });
  for (std::size_t first = 0, next = 0; first < order.size(); first = next) {
    const auto& shortest = prefixes[order[first]];
    while (next < order.size() && prefixes[order[next]].starts_with(shortest)) ++next;
    if (next - first < 2) continue;
    auto& members = groups_.emplace_back(
        order.begin() + static_cast<std::ptrdiff_t>(first),
        order.begin() + static_cast<std::ptrdiff_t>(next)
    );
    std::ranges::sort(members);
  }
}

std::optional<std::size_t> ServerNames::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

const std::vector<std::size_t>* ServerNames::with_prefix(std::string_view prefix) const {
  const auto found = by_prefix_.find(prefix);
  return found == by_prefix_.end() ? nullptr : &found->second;
}

}  // namespace mooring::gateway
