#include "gateway/server_view.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "gateway/answer_eras.hpp"
#include "gateway/shown_tools.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::gateway {

using upstream::ListKind;

namespace {

std::string array_of(const Items& items) {
  std::string array = "[";
  for (const auto* item : items) {
    if (array.size() > 1) array += ',';
    array += item->json;
  }
  return array += ']';
}

/// Whatever else the server said beside the items (_meta, extensions) stays.
std::string result_of(
    ListKind kind, const upstream::CatalogueList& list, const Items& shown, bool all
) {
  if (all && !list.single_page.empty()) return list.single_page;
  const auto page = list.single_page.empty() ? std::string_view("{}") : list.single_page;
  return protocol::with_member(page, upstream::list_member(kind), array_of(shown));
}

}  // namespace

ServerView::ServerView(const Contribution& contribution) {
  const auto& config = contribution.settings();
  const bool changes =
      filters(config.tools) || config.resources_as_tools || config.normalize_schemas;
  for (const auto kind : upstream::all_lists) {
    const auto& list = contribution.lists()[kind];
    MadeItems made;
    auto shown = pointers(list.items);
    bool all = true;
    if (kind == ListKind::tools && changes) {
      shown = shown_tools(contribution, made);
      all = shown == pointers(list.items);
      if (filters(config.tools)) {
        shown_.emplace();
        for (const auto* tool : shown) shown_->push_back(tool->key);
        std::ranges::sort(*shown_);
      }
    }
    // Utility tools are shown by a server, too, that has no tools of its own.
    if (!list.offered && all) continue;
    lists_[static_cast<std::size_t>(kind)].emplace(result_of(kind, list, shown, all), list.hints);
  }
  const auto& tools = text(ListKind::tools);
  if (!contribution.modern || !tools) return;
  if (auto legacy = tools_for_legacy(tools->result()); legacy != tools->result())
    legacy_tools_ = std::move(legacy);
}

Pieces ServerView::list(ListKind kind, Era era) const {
  if (era == Era::legacy && kind == ListKind::tools && legacy_tools_) return {*legacy_tools_};
  return text(kind)->pieces(era);
}

bool ServerView::shows_tool(std::string_view name) const {
  return !shown_ || std::ranges::binary_search(*shown_, name, std::less<>{});
}

}  // namespace mooring::gateway
