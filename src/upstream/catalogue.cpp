#include "upstream/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "protocol/json_scan.hpp"
#include "protocol/modern.hpp"
#include "protocol/param_headers.hpp"

namespace mooring::upstream {

namespace {

CatalogueItem read_item(ListKind kind, std::string_view raw) {
  CatalogueItem item;
  if (!protocol::is_object(raw)) return item;
  item.key = protocol::string_member(raw, key_member(kind));
  if (item.key.empty()) return item;
  item.json = protocol::one_line(raw);
  if (kind == ListKind::tools) {
    if (const auto hints = protocol::member(raw, "annotations")) {
      const auto set = [&](std::string_view hint) {
        const auto value = protocol::member(*hints, hint);
        return value && protocol::is_true(*value);
      };
      item.read_only = set("readOnlyHint");
      item.idempotent = set("idempotentHint");
    }
  }
  return item;
}

std::string join(const std::vector<CatalogueItem>& items) {
  std::size_t size = 2;
  for (const auto& item : items) size += item.json.size() + 1;
  std::string array;
  array.reserve(size);
  array += '[';
  for (const auto& item : items) {
    if (array.size() > 1) array += ',';
    array += item.json;
  }
  array += ']';
  return array;
}

}  // namespace

std::string_view item_noun(ListKind kind) {
  switch (kind) {
    case ListKind::tools:
      return "tool";
    case ListKind::prompts:
      return "prompt";
    case ListKind::resources:
      return "resource";
    case ListKind::resource_templates:
      return "resource template";
  }
  return {};
}

std::string_view key_member(ListKind kind) {
  switch (kind) {
    case ListKind::resources:
      return "uri";
    case ListKind::resource_templates:
      return "uriTemplate";
    default:
      return "name";
  }
}

std::string_view list_method(ListKind kind) {
  switch (kind) {
    case ListKind::tools:
      return "tools/list";
    case ListKind::resources:
      return "resources/list";
    case ListKind::resource_templates:
      return "resources/templates/list";
    case ListKind::prompts:
      return "prompts/list";
  }
  return {};
}

std::string_view list_member(ListKind kind) {
  switch (kind) {
    case ListKind::tools:
      return "tools";
    case ListKind::resources:
      return "resources";
    case ListKind::resource_templates:
      return "resourceTemplates";
    case ListKind::prompts:
      return "prompts";
  }
  return {};
}

bool list_changed_covers(std::string_view method, ListKind kind) {
  switch (kind) {
    case ListKind::tools:
      return method == "notifications/tools/list_changed";
    case ListKind::resources:
    case ListKind::resource_templates:
      return method == "notifications/resources/list_changed";
    case ListKind::prompts:
      return method == "notifications/prompts/list_changed";
  }
  return false;
}

const CatalogueItem* CatalogueList::find(std::string_view key) const {
  const auto key_at = [this](std::uint32_t at) { return std::string_view(items[at].key); };
  const auto found = std::ranges::lower_bound(by_key, key, {}, key_at);
  return found != by_key.end() && key_at(*found) == key ? &items[*found] : nullptr;
}

bool CatalogueList::operator==(const CatalogueList& other) const {
  return offered == other.offered && items == other.items && single_page == other.single_page;
}

bool PageCollector::add(std::string_view result) {
  ++pages_;
  list_.offered = true;
  list_.single_page.clear();
  cursor_.clear();
  take_hints(result);

  const auto items = protocol::member(result, list_member(kind_));
  const bool usable = items && protocol::is_array(*items);
  if (usable) {
    collect(*items);
  } else {
    warn(fmt::format("page {} has no array '{}'", pages_, list_member(kind_)));
  }

  const auto next = protocol::member(result, "nextCursor");
  // An empty string is a cursor like any other; only its absence ends the list.
  bool more = next && protocol::is_string(*next);
  if (more && pages_ >= max_pages_) {
    warn(fmt::format("the list has more than {} pages, the rest is not read", max_pages_));
    more = false;
  }
  if (more && !cursors_.emplace(*next).second) {
    warn(fmt::format("the cursor of page {} was there before, reading stopped", pages_));
    more = false;
  }
  if (more) {
    cursor_ = *next;
    return true;
  }
  if (pages_ == 1 && usable) keep_page(result);
  if (unusable_ != 0) {
    warn(fmt::format(
        "{} {} without a usable {} left out (the first is number {} of the list)", unusable_,
        unusable_ == 1 ? "item" : "items", key_member(kind_), first_unusable_
    ));
  }
  return false;
}

CatalogueList PageCollector::take() && {
  const auto& items = list_.items;
  list_.by_key.resize(items.size());
  std::iota(list_.by_key.begin(), list_.by_key.end(), 0U);
  // Of resources with one URI the first is found.
  std::ranges::sort(list_.by_key, {}, [&](std::uint32_t at) {
    return std::pair(std::string_view(items[at].key), at);
  });
  return std::move(list_);
}

void PageCollector::collect(std::string_view items) {
  protocol::for_each_element(items, [this](std::string_view raw) {
    ++position_;
    auto item = read_item(kind_, raw);
    if (item.key.empty()) {
      if (unusable_++ == 0) first_unusable_ = position_;
      left_out_ = true;
    } else if (marked_badly(item)) {
      left_out_ = true;
    } else if (!repeated(item)) {
      list_.items.push_back(std::move(item));
    }
    return true;
  });
}

/// 2026-07-28 "Transports": a client must not use such a tool.
bool PageCollector::marked_badly(const CatalogueItem& item) {
  if (!marks_count_ || kind_ != ListKind::tools) return false;
  const auto schema = protocol::member(item.json, "inputSchema").value_or("{}");
  const auto marks = protocol::param_headers(schema);
  if (!marks) warn(fmt::format("tool {} is left out: {}", item.key, marks.error()));
  return !marks;
}

/// Of all pages the shortest time, and public only where each of them is.
void PageCollector::take_hints(std::string_view result) {
  CacheHints hints;
  const auto ttl = protocol::member(result, "ttlMs").value_or("0");
  std::from_chars(ttl.data(), ttl.data() + ttl.size(), hints.ttl_ms);
  hints.ttl_ms = std::max(hints.ttl_ms, 0LL);
  hints.shared = protocol::string_member(result, "cacheScope") == "public";
  if (pages_ > 1) {
    hints.ttl_ms = std::min(hints.ttl_ms, list_.hints.ttl_ms);
    hints.shared = hints.shared && list_.hints.shared;
  }
  list_.hints = hints;
}

/// Tools and prompts are called by their key, so there can be only one. Two resources may share a
/// URI and differ in the rest; of them only exact repetitions (a page that came twice) are dropped.
bool PageCollector::repeated(const CatalogueItem& item) {
  const bool by_key = kind_ == ListKind::tools || kind_ == ListKind::prompts;
  return !seen_.insert(by_key ? item.key : item.json).second;
}

void PageCollector::keep_page(std::string_view result) {
  list_.single_page = protocol::one_line(result);
  if (protocol::member(result, "resultType"))
    list_.single_page = protocol::as_legacy_result(list_.single_page);
  if (protocol::member(list_.single_page, "nextCursor")) {
    list_.single_page = protocol::without_member(list_.single_page, "nextCursor");
  }
  if (left_out_) {
    // One item that a strict client cannot read would cost it the whole list.
    list_.single_page =
        protocol::with_member(list_.single_page, list_member(kind_), join(list_.items));
  }
}

void PageCollector::warn(std::string_view what) {
  warning_ += warning_.empty() ? std::string(list_method(kind_)) + ": " : "; ";
  warning_ += what;
}

}  // namespace mooring::upstream
