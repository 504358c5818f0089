#include "cli/listing.hpp"

#include <fmt/format.h>

#include "cli/console.hpp"
#include "cli/one_shot.hpp"
#include "cli/text.hpp"
#include "gateway/description_guard.hpp"
#include "gateway/server_view.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

using upstream::ListKind;

namespace {

std::string_view capability_of(ListKind kind) {
  const auto method = upstream::list_method(kind);
  return method.substr(0, method.find('/'));
}

Result<upstream::CatalogueList> take(Client& client, ListKind kind, int max_pages) {
  upstream::CatalogueList list;
  // A server need not understand what it did not offer.
  if (!protocol::member(client.capabilities(), capability_of(kind))) return list;
  upstream::PageCollector pages(kind, max_pages);
  std::string params = "{}";
  for (;;) {
    const auto page = client.request(upstream::list_method(kind), params);
    if (!page) return std::unexpected(page.error());
    if (!pages.add(*page)) break;
    params = fmt::format(R"({{"cursor":{}}})", pages.cursor());
  }
  if (!pages.warning().empty()) warn(pages.warning());
  list = std::move(pages).take();
  list.offered = true;
  return list;
}

/// The label of a tool is under `title`, and in older revisions under `annotations.title`.
std::string description_of(std::string_view definition) {
  auto text = protocol::string_member(definition, "description");
  if (text.empty()) text = protocol::string_member(definition, "title");
  return one_line(text);
}

template <class Visit>
void for_each_definition(ListKind kind, std::string_view result, Visit&& visit) {
  const auto items = protocol::member(result, upstream::list_member(kind));
  if (!items || !protocol::is_array(*items)) return;
  protocol::for_each_element(*items, [&](std::string_view definition) {
    visit(definition);
    return true;
  });
}

std::string key_of(ListKind kind, std::string_view definition) {
  return protocol::string_member(definition, upstream::key_member(kind));
}

}  // namespace

std::string Listing::result(ListKind kind) const {
  if (filtered) {
    const gateway::ServerView view(share);
    if (view.offers(kind)) return gateway::joined(view.list(kind, gateway::Era::legacy));
  } else if (const auto& page = (*share.catalogue)[kind].single_page; !page.empty()) {
    return page;
  }
  std::string items;
  for (const auto& item : (*share.catalogue)[kind].items) {
    if (!items.empty()) items += ',';
    items += item.json;
  }
  return fmt::format(R"({{"{}":[{}]}})", upstream::list_member(kind), items);
}

Result<Listing> take_listing(
    const Surroundings& around, const Destination& to, const std::vector<ListKind>& kinds
) {
  auto client = open_client(around, to);
  if (!client) return std::unexpected(std::move(client.error()));
  auto catalogue = std::make_shared<upstream::Catalogue>();
  for (const auto kind : kinds) {
    auto list = take(*client, kind, to.config.max_pages);
    if (!list) return std::unexpected(std::move(list.error()));
    (*catalogue)[kind] = std::move(*list);
  }
  auto config = std::make_shared<UpstreamConfig>(to.config);
  // The gateway's utility tools are nothing that this server could be asked for directly.
  config->resources_as_tools = false;
  Listing listing;
  listing.server = to.config.name;
  listing.filtered = to.by == Destination::By::configuration;
  listing.share = {to.config.name, std::move(config), std::move(catalogue), client->capabilities()};
  return listing;
}

std::vector<std::vector<std::string>> rows_of(ListKind kind, std::string_view result) {
  std::vector<std::vector<std::string>> rows;
  for_each_definition(kind, result, [&](std::string_view raw) {
    const auto definition = gateway::without_invisible(raw);
    auto name = one_line(protocol::string_member(definition, "name"));
    auto description = description_of(definition);
    if (kind == ListKind::resources || kind == ListKind::resource_templates) {
      rows.push_back({one_line(key_of(kind, definition)), std::move(name), std::move(description)});
    } else {
      rows.push_back({std::move(name), std::move(description)});
    }
  });
  return rows;
}

void warn_of_suspicious(ListKind kind, std::string_view server, std::string_view result) {
  for_each_definition(kind, result, [&](std::string_view definition) {
    if (const auto found = gateway::suspicious(gateway::readable_text(definition))) {
      warn(fmt::format(
          "{}: {} {}: {}", server, upstream::item_noun(kind), key_of(kind, definition), *found
      ));
    }
  });
}

}  // namespace mooring::cli
