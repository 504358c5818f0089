#include "gateway/shown_tools.hpp"

#include <algorithm>
#include <utility>

#include "gateway/resource_tools.hpp"
#include "gateway/schema_normalizer.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/names.hpp"

namespace mooring::gateway {

using upstream::CatalogueItem;
using upstream::ListKind;

namespace {

bool passes(const ToolFilter& filter, std::string_view name) {
  const auto matches = [&](const std::string& pattern) {
    return protocol::matches_pattern(pattern, name);
  };
  if (filter.include) return std::ranges::any_of(*filter.include, matches);
  return std::ranges::none_of(filter.exclude, matches);
}

std::string normalized(std::string_view tool) {
  const auto schema = protocol::member(tool, "inputSchema");
  if (!schema) return protocol::with_member(tool, "inputSchema", R"({"type":"object"})");
  auto better = normalize_schema(*schema);
  if (better == *schema) return std::string(tool);
  return protocol::with_member(tool, "inputSchema", better);
}

}  // namespace

bool filters(const ToolFilter& filter) { return filter.include || !filter.exclude.empty(); }

Items pointers(const std::vector<CatalogueItem>& items) {
  Items out;
  out.reserve(items.size());
  for (const auto& item : items) out.push_back(&item);
  return out;
}

Items shown_tools(const Contribution& contribution, MadeItems& made) {
  const auto& config = contribution.settings();
  const auto& list = contribution.lists()[ListKind::tools];
  Items tools;
  tools.reserve(list.items.size());
  for (const auto& item : list.items) {
    if (!passes(config.tools, item.key)) continue;
    tools.push_back(&item);
    if (!config.normalize_schemas) continue;
    if (auto better = normalized(item.json); better != item.json) {
      tools.back() =
          &made.emplace_back(item.key, std::move(better), item.read_only, item.idempotent);
    }
  }
  if (!config.resources_as_tools) return tools;
  for (auto& definition : utility_tools(contribution.capabilities)) {
    auto name = protocol::string_member(definition, "name");
    if (list.find(name) != nullptr) continue;
    tools.push_back(&made.emplace_back(std::move(name), std::move(definition), true, true));
  }
  return tools;
}

}  // namespace mooring::gateway
