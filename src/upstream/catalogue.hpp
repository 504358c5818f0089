#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace mooring::upstream {

enum class ListKind : std::uint8_t { tools, resources, resource_templates, prompts };
inline constexpr std::array<ListKind, 4> all_lists = {
    ListKind::tools, ListKind::resources, ListKind::resource_templates, ListKind::prompts
};

std::string_view list_method(ListKind kind);  ///< "tools/list", …
std::string_view item_noun(ListKind kind);    ///< "tool", "resource template", …
std::string_view key_member(ListKind kind);   ///< of an item: "name", "uri" or "uriTemplate"
std::string_view list_member(ListKind kind
);  ///< "tools", "resources", "resourceTemplates", "prompts"
/// Which kind a `notifications/…/list_changed` speaks of (resources stands for the templates too),
/// or nothing.
bool list_changed_covers(std::string_view method, ListKind kind);

struct CatalogueItem {
  std::string key;   ///< name of a tool or prompt, uri of a resource, uriTemplate of a template
  std::string json;  ///< the definition as the server wrote it, on one line
  bool read_only = false;   ///< annotations.readOnlyHint
  bool idempotent = false;  ///< annotations.idempotentHint

  bool operator==(const CatalogueItem&) const = default;
};

/// How long, and by whom, a result may be kept (2026-07-28 "Caching"). Those of the legacy era say
/// nothing: not at all.
struct CacheHints {
  long long ttl_ms = 0;
  bool shared = false;  ///< `cacheScope` is "public"
};

struct CatalogueList {
  bool offered = false;  ///< the server has the capability
  std::vector<CatalogueItem> items;
  std::vector<std::uint32_t> by_key;  ///< positions in `items`, in order of their keys
  /// The raw result object where it came in one page: served untouched. Empty: build it from the
  /// items.
  std::string single_page;
  CacheHints hints;

  const CatalogueItem* find(std::string_view key) const;
  /// The same is listed; hints aside.
  bool operator==(const CatalogueList& other) const;
};

/// What an upstream offers, last known good. Immutable once published.
struct Catalogue {
  std::array<CatalogueList, 4> lists;

  const CatalogueList& operator[](ListKind kind) const {
    return lists[static_cast<std::size_t>(kind)];
  }
  CatalogueList& operator[](ListKind kind) { return lists[static_cast<std::size_t>(kind)]; }
  bool operator==(const Catalogue&) const = default;
};
using CataloguePtr = std::shared_ptr<const Catalogue>;

/// Puts the pages of one list together (tools/list and its kin, "Pagination"). Feed raw result
/// objects that were validated. An item without a usable key (name, uri, uriTemplate) is left out,
/// the others stay; so is a tool whose `x-mcp-header` marks break the rules, where they count. Of a
/// tool or prompt listed twice the first stands. The members that only the modern era has are taken
/// out of the page.
class PageCollector {
 public:
  /// `marks_count`: the server is a modern one over HTTP.
  PageCollector(ListKind kind, int max_pages, bool marks_count = false)
      : kind_(kind), max_pages_(max_pages), marks_count_(marks_count) {}

  /// True: ask for the next page with `cursor()`. False: done, or stopped (see `warning`).
  bool add(std::string_view result);
  const std::string& cursor() const { return cursor_; }  ///< raw JSON string
  const std::string& warning() const {
    return warning_;
  }  ///< what was left out and why; empty: nothing
  CatalogueList take() &&;

 private:
  void collect(std::string_view items);
  bool marked_badly(const CatalogueItem& item);
  void take_hints(std::string_view result);
  bool repeated(const CatalogueItem& item);
  void keep_page(std::string_view result);
  void warn(std::string_view what);

  ListKind kind_;
  int max_pages_;
  bool marks_count_;
  int pages_ = 0;
  std::size_t position_ = 0;        ///< in the list, over all pages
  std::size_t unusable_ = 0;        ///< items left out for want of a key
  bool left_out_ = false;           ///< some item, for whatever reason
  std::size_t first_unusable_ = 0;  ///< position of the first, from 1
  std::string cursor_, warning_;
  std::unordered_set<std::string> cursors_, seen_;
  CatalogueList list_;
};

}  // namespace mooring::upstream
