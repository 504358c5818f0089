#include "gateway/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/public_names.hpp"
#include "protocol/names.hpp"

namespace mooring::gateway {

using upstream::ListKind;

namespace {

upstream::CacheHints merged_hints(const std::vector<SharePtr>& shares, std::size_t kind) {
  std::optional<upstream::CacheHints> merged;
  for (const auto& share : shares) {
    if (!share || !share->hints[kind]) continue;
    const auto& hints = *share->hints[kind];
    if (!merged) merged = hints;
    merged->ttl_ms = std::min(merged->ttl_ms, hints.ttl_ms);
    merged->shared = merged->shared && hints.shared;
  }
  return merged.value_or(upstream::CacheHints{});
}

std::shared_ptr<const ServerNames> names_of(const std::vector<Contribution>& contributions) {
  std::vector<std::string> names;
  for (const auto& each : contributions) names.push_back(each.server);
  return std::make_shared<const ServerNames>(std::move(names));
}

std::vector<SharePtr> shares_of(const std::vector<Contribution>& contributions) {
  std::vector<SharePtr> shares;
  for (const auto& each : contributions) shares.push_back(make_share(each));
  return shares;
}

}  // namespace

Aggregate::Aggregate(const std::vector<Contribution>& contributions)
    : Aggregate(names_of(contributions), shares_of(contributions)) {}

Aggregate::Aggregate(
    std::shared_ptr<const ServerNames> names, std::vector<SharePtr> shares, const Aggregate* before
)
    : names_(std::move(names)), shares_(std::move(shares)) {
  shares_.resize(names_->size());
  tools_ = settled(ListKind::tools);
  prompts_ = settled(ListKind::prompts);
  resources_ = addresses(ListKind::resources, before);
  templates_ = addresses(ListKind::resource_templates, before);
  Features features;
  for (const auto& share : shares_) {
    if (!share) continue;
    features.add(share->features);
    any_modern_ = any_modern_ || share->modern;
  }
  capabilities_ = features.to_json();
  for (const auto kind : upstream::all_lists) {
    hints_[index(kind)] = merged_hints(shares_, index(kind));
    openings_[index(kind)] = list_opening(kind);
    modern_endings_[index(kind)] = modern_ending(hints_[index(kind)]);
  }
}

// ---- names

Aggregate::Meeting Aggregate::settled(ListKind kind) const {
  Meeting names;
  for (const auto& group : names_->groups()) settle_group(kind, group, names);
  return names;
}

void Aggregate::settle_group(ListKind kind, const std::vector<std::size_t>& group, Meeting& names)
    const {
  std::vector<Named> all;
  for (const auto at : group) {
    const auto* portion = shares_[at] ? (*shares_[at])[kind] : nullptr;
    if (portion == nullptr) continue;
    for (const auto& entry : portion->entries())
      all.push_back({(*names_)[at], entry.key, entry.name, entry.exact});
  }
  if (!settle_names(all, names.warnings)) return;
  auto next = all.begin();
  for (const auto at : group) {
    const auto* portion = shares_[at] ? (*shares_[at])[kind] : nullptr;
    if (portion == nullptr) continue;
    std::vector<std::string> shown;
    bool altered = false;
    for (const auto& entry : portion->entries()) {
      altered = altered || next->public_name != entry.name;
      shown.push_back(std::move((next++)->public_name));
    }
    if (altered) names.altered[at] = with_names(*portion, kind, shown);
  }
}

std::optional<Route> Aggregate::route(ListKind kind, std::string_view public_name) const {
  std::optional<Route> route;
  names_->for_each_owner(public_name, [&](std::size_t at) {
    const auto* part = portion(kind, at);
    const auto* entry = part != nullptr ? part->find(public_name) : nullptr;
    if (entry != nullptr) route = Route{(*names_)[at], entry->key};
    return !route;
  });
  return route;
}

std::optional<Route> Aggregate::tool(std::string_view public_name) const {
  return route(ListKind::tools, public_name);
}

std::optional<Route> Aggregate::prompt(std::string_view public_name) const {
  return route(ListKind::prompts, public_name);
}

// ---- resources

std::shared_ptr<const Aggregate::Addresses> Aggregate::addresses(
    ListKind kind, const Aggregate* before
) const {
  const auto listed = [kind](const SharePtr& share) { return share ? (*share)[kind] : nullptr; };
  if (before != nullptr && before->names_ == names_ &&
      std::ranges::equal(shares_, before->shares_, {}, listed, listed))
    return kind == ListKind::resources ? before->resources_ : before->templates_;
  auto all = std::make_shared<Addresses>();
  for (std::size_t at = 0; at < shares_.size(); ++at) {
    const auto* portion = listed(shares_[at]);
    if (portion == nullptr) continue;
    std::vector<std::string> shown;
    bool altered = false;
    for (const auto& entry : portion->entries()) {
      const auto [place, fresh] = all->owners.try_emplace(entry.name, at);
      const bool kept = place->second == at;
      if (fresh) all->in_order.emplace_back(entry.name);
      shown.push_back(kept ? entry.name : std::string());
      if (kept) continue;
      altered = true;
      all->warnings.push_back(fmt::format(
          "{} '{}' is listed by server '{}' and by server '{}'; requests go to the first",
          upstream::item_noun(kind), entry.name, (*names_)[place->second], (*names_)[at]
      ));
    }
    if (altered) all->altered[at] = with_names(*portion, kind, shown);
  }
  return all;
}

std::optional<std::string_view> Aggregate::server_of_resource(std::string_view uri) const {
  const auto& owners = resources_->owners;
  if (const auto found = owners.find(uri); found != owners.end()) return (*names_)[found->second];
  const auto& templates = templates_->in_order;
  const auto match = std::ranges::find_if(templates, [&](std::string_view each) {
    return protocol::matches_uri_template(each, uri);
  });
  return match == templates.end() ? std::nullopt : server_of_template(*match);
}

std::optional<std::string_view> Aggregate::server_of_template(std::string_view uri_template) const {
  const auto found = templates_->owners.find(uri_template);
  if (found == templates_->owners.end()) return std::nullopt;
  return (*names_)[found->second];
}

// ---- lists

const Aggregate::Meeting& Aggregate::meeting(ListKind kind) const {
  switch (kind) {
    case ListKind::tools:
      return tools_;
    case ListKind::prompts:
      return prompts_;
    case ListKind::resources:
      return *resources_;
    case ListKind::resource_templates:
      break;
  }
  return *templates_;
}

/// Null where the server shows nothing.
const Portion* Aggregate::portion(ListKind kind, std::size_t at) const {
  const auto& altered = meeting(kind).altered;
  if (!altered.empty()) {
    if (const auto found = altered.find(at); found != altered.end()) return found->second.get();
  }
  return shares_[at] ? (*shares_[at])[kind] : nullptr;
}

/// The definitions, and the commas between them.
Pieces Aggregate::parts(ListKind kind, bool for_legacy) const {
  Pieces parts;
  for (std::size_t at = 0; at < shares_.size(); ++at) {
    const auto* part = portion(kind, at);
    if (part == nullptr || part->entries().empty()) continue;
    parts.emplace_back(parts.empty() ? openings_[index(kind)] : std::string_view(","));
    parts.push_back(for_legacy ? part->legacy_text() : part->text());
  }
  if (parts.empty()) parts.emplace_back(openings_[index(kind)]);
  return parts;
}

Pieces Aggregate::list(ListKind kind, Era era) const {
  auto pieces = parts(kind, era == Era::legacy && any_modern_);
  pieces.emplace_back("]");
  pieces.push_back(era == Era::modern ? std::string_view(modern_endings_[index(kind)]) : "}");
  return pieces;
}

std::vector<std::string> Aggregate::warnings() const {
  std::vector<std::string> all;
  for (const auto kind : upstream::all_lists)
    all.insert(all.end(), meeting(kind).warnings.begin(), meeting(kind).warnings.end());
  return all;
}

bool Aggregate::lists_same(const Aggregate& other, ListKind kind) const {
  return same_bytes(parts(kind, false), other.parts(kind, false));
}

}  // namespace mooring::gateway
