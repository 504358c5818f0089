#include "gateway/known_server.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"

namespace mooring::gateway {

using upstream::all_lists;
using upstream::Catalogue;
using upstream::CatalogueList;
using upstream::ListKind;

namespace {

/// All pages as one result object.
std::string as_result(ListKind kind, const CatalogueList& list) {
  if (!list.offered) return {};
  if (!list.single_page.empty()) return list.single_page;
  std::string items;
  for (const auto& item : list.items) items += (items.empty() ? "" : ",") + item.json;
  return fmt::format(R"({{"{}":[{}]}})", upstream::list_member(kind), items);
}

}  // namespace

store::CachedCatalogue remembered(
    const UpstreamConfig& config, const upstream::ServerIdentity& server, const Catalogue& catalogue
) {
  store::CachedCatalogue cached;
  cached.server = config.name;
  cached.key = store::catalogue_key(config);
  cached.initialize = server.result;
  for (const auto kind : all_lists)
    cached.lists[static_cast<std::size_t>(kind)] = as_result(kind, catalogue[kind]);
  return cached;
}

std::optional<upstream::Supervisor::Known> recalled(const store::CachedCatalogue& cached) {
  if (protocol::validate(cached.initialize)) return std::nullopt;
  auto server = upstream::read_identity(cached.initialize);
  if (!server) return std::nullopt;
  auto catalogue = std::make_shared<Catalogue>();
  for (const auto kind : all_lists) {
    const auto& list = cached.lists[static_cast<std::size_t>(kind)];
    if (list.empty()) continue;
    if (protocol::validate(list)) return std::nullopt;
    upstream::PageCollector pages(kind, 1);
    pages.add(list);
    (*catalogue)[kind] = std::move(pages).take();
    (*catalogue)[kind].offered = true;
  }
  return upstream::Supervisor::Known{std::move(*server), std::move(catalogue)};
}

}  // namespace mooring::gateway
