#include "chaos/virtual_sessions.hpp"

namespace mooring::chaos {
namespace {
constexpr std::size_t most_forgotten = 10'000;
}

const std::string& VirtualSessions::id_for(std::string_view upstream_id) {
  const auto known = by_upstream_.find(upstream_id);
  if (known != by_upstream_.end()) return known->second;
  const auto id = fresh_id();
  ++begun_;
  by_id_.emplace(id, upstream_id);
  return by_upstream_.emplace(upstream_id, id).first->second;
}

const std::string* VirtualSessions::upstream_id(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

const ExpiryDialect* VirtualSessions::forgotten(std::string_view id) const {
  const auto found = forgotten_.find(id);
  return found == forgotten_.end() ? nullptr : found->second;
}

void VirtualSessions::forget(std::string_view id, const ExpiryDialect& dialect) {
  if (upstream_id(id) == nullptr) return;
  remember(std::string(id), dialect);
  end(id);
}

std::size_t VirtualSessions::forget_all(const ExpiryDialect& dialect) {
  const auto count = by_id_.size();
  for (auto& [id, upstream] : by_id_) remember(id, dialect);
  by_id_.clear();
  by_upstream_.clear();
  return count;
}

void VirtualSessions::end(std::string_view id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  by_upstream_.erase(found->second);
  by_id_.erase(found);
}

std::string VirtualSessions::dead_id(const ExpiryDialect& dialect) {
  auto id = fresh_id();
  remember(id, dialect);
  return id;
}

void VirtualSessions::remember(std::string id, const ExpiryDialect& dialect) {
  oldest_.push_back(id);
  forgotten_.emplace(std::move(id), &dialect);
  if (oldest_.size() <= most_forgotten) return;
  forgotten_.erase(oldest_.front());
  oldest_.pop_front();
}

}  // namespace mooring::chaos
