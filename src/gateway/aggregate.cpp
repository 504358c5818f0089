#include "gateway/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "gateway/answer_eras.hpp"
#include "gateway/description_guard.hpp"
#include "gateway/json_edit.hpp"
#include "gateway/resource_tools.hpp"
#include "gateway/schema_normalizer.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/modern.hpp"
#include "protocol/names.hpp"

namespace mooring::gateway {

using upstream::Catalogue;
using upstream::CatalogueItem;
using upstream::ListKind;

namespace {

const UpstreamConfig& config_of(const Contribution& contribution) {
  static const UpstreamConfig defaults;
  return contribution.config ? *contribution.config : defaults;
}

const Catalogue& catalogue_of(const Contribution& contribution) {
  static const Catalogue nothing;
  return contribution.catalogue ? *contribution.catalogue : nothing;
}

bool filters(const ToolFilter& filter) { return filter.include || !filter.exclude.empty(); }

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

/// Definitions that differ from the catalogue's, or stand in none.
using Made = std::deque<CatalogueItem>;
using Items = std::vector<const CatalogueItem*>;

Items pointers(const std::vector<CatalogueItem>& items) {
  Items out;
  out.reserve(items.size());
  for (const auto& item : items) out.push_back(&item);
  return out;
}

/// The tools that an upstream shows, under its own names: those that pass the filter, then the
/// utility tools.
Items shown_tools(const Contribution& contribution, Made& made) {
  const auto& config = config_of(contribution);
  const auto& list = catalogue_of(contribution)[ListKind::tools];
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

/// A result object with one list of raw definitions.
class ListText {
 public:
  explicit ListText(ListKind kind, std::size_t expected = 0) {
    text_.reserve(expected);
    text_.append("{\"").append(upstream::list_member(kind)).append("\":");
    begin_ = text_.size();
    text_ += '[';
  }
  void add(std::string_view definition) {
    if (text_.back() != '[') text_ += ',';
    text_ += definition;
  }
  std::string array() && { return std::move(text_ += ']').substr(begin_); }
  std::string result() && { return std::move(text_ += "]}"); }

 private:
  std::string text_;
  std::size_t begin_ = 0;
};

std::string list_result(ListKind kind, const upstream::CatalogueList& list) {
  if (!list.single_page.empty()) return list.single_page;
  ListText text(kind);
  for (const auto& item : list.items) text.add(item.json);
  return std::move(text).result();
}

// ── names
// ─────────────────────────────────────────────────────────────────────────────────────────

/// A tool or prompt on its way into the aggregate.
struct Named {
  const Contribution* from = nullptr;
  const CatalogueItem* item = nullptr;
  std::string public_name;  ///< empty: no name could be found
  bool exact = false;       ///< server and name are spelled in it as they are
};

void add_named(std::vector<Named>& all, const Contribution& from, const Items& items) {
  std::vector<std::string> names;
  names.reserve(items.size());
  for (const auto* item : items) names.push_back(item->key);
  auto public_names = protocol::assign_public_names(from.server, names);
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto& shown = public_names[i];
    const bool exact = shown.size() == from.server.size() + 2 + names[i].size() &&
                       shown.starts_with(from.server) && shown.ends_with(names[i]);
    all.push_back({&from, items[i], std::move(shown), exact});
  }
}

/// Names are unique per server already. Where two servers come to the same one ("a.b" and "a_b"),
/// the one that had to be altered gets its hashed form, else the later; so no name depends on who
/// else is there unless two really meet.
void settle_names(std::vector<Named>& all, std::vector<std::string>& warnings) {
  std::unordered_map<std::string, Named*> taken;
  taken.reserve(all.size());
  for (auto& named : all) {
    auto& holder = taken[named.public_name];
    if (holder == nullptr) {
      holder = &named;
      continue;
    }
    auto* loser = &named;
    if (named.exact && !holder->exact) std::swap(loser, holder);
    const auto& winner = *holder;
    loser->public_name = protocol::hashed_public_name(loser->from->server, loser->item->key);
    const bool found = taken.try_emplace(loser->public_name, loser).second;
    warnings.push_back(fmt::format(
        "'{}' of server '{}' and '{}' of server '{}' would both be called '{}'; the latter is {}",
        winner.item->key, winner.from->server, loser->item->key, loser->from->server,
        winner.public_name, found ? fmt::format("shown as '{}'", loser->public_name) : "not shown"
    ));
    if (!found) loser->public_name.clear();
  }
}

// ── definitions
// ───────────────────────────────────────────────────────────────────────────────────

std::string_view noun(ListKind kind) {
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

/// What the server wrote, without invisible characters, and with a warning about what is odd.
std::string examined(
    ListKind kind, const Contribution& from, const CatalogueItem& item,
    std::vector<std::string>& warnings
) {
  auto definition = without_invisible(item.json);
  const auto warn = [&](std::string_view what) {
    warnings.push_back(
        fmt::format("server '{}', {} '{}': {}", from.server, noun(kind), item.key, what)
    );
  };
  if (definition.size() != item.json.size()) {
    warn("invisible characters were removed from its definition");
  }
  if (const auto found = suspicious(readable_text(definition))) warn(*found);
  return definition;
}

std::string renamed(std::string_view definition, std::string_view public_name) {
  return protocol::with_member(definition, "name", protocol::quote(public_name));
}

/// Strict clients drop a whole list for one tool whose input schema is no object.
std::string with_schema(
    std::string definition, const Contribution& from, const CatalogueItem& item,
    std::vector<std::string>& warnings
) {
  const auto schema = protocol::member(definition, "inputSchema");
  if (schema && protocol::is_object(*schema)) return definition;
  warnings.push_back(fmt::format(
      "server '{}', tool '{}': its inputSchema is no object; shown as one that takes anything",
      from.server, item.key
  ));
  return protocol::with_member(definition, "inputSchema", R"({"type":"object"})");
}

// ── capabilities
// ──────────────────────────────────────────────────────────────────────────────────

std::string merged_capabilities(const std::vector<Contribution>& contributions, bool tools_shown) {
  bool tools = tools_shown;
  bool prompts = false, resources = false, subscribe = false, logging = false, completions = false;
  bool tasks = false;
  for (const auto& contribution : contributions) {
    const auto has = [&](std::string_view capability) {
      const auto value = protocol::member(contribution.capabilities, capability);
      return value && protocol::is_object(*value);
    };
    const auto& catalogue = catalogue_of(contribution);
    tools |= has("tools") || catalogue[ListKind::tools].offered;
    prompts |= has("prompts") || catalogue[ListKind::prompts].offered;
    resources |= has("resources") || catalogue[ListKind::resources].offered ||
                 catalogue[ListKind::resource_templates].offered;
    logging |= has("logging");
    completions |= has("completions");
    if (const auto value = protocol::member(contribution.capabilities, "extensions"))
      tasks |= protocol::member(*value, protocol::tasks_extension).has_value();
    if (const auto value = protocol::member(contribution.capabilities, "resources")) {
      const auto flag = protocol::member(*value, "subscribe");
      subscribe |= flag && protocol::is_true(*flag);
    }
  }
  std::string text = "{";
  const auto add = [&](std::string_view capability) {
    if (text.size() > 1) text += ',';
    text += capability;
  };
  if (tools) add(R"("tools":{"listChanged":true})");
  if (resources && subscribe) add(R"("resources":{"subscribe":true,"listChanged":true})");
  if (resources && !subscribe) add(R"("resources":{"listChanged":true})");
  if (prompts) add(R"("prompts":{"listChanged":true})");
  if (logging) add(R"("logging":{})");
  if (completions) add(R"("completions":{})");
  if (tasks) add(fmt::format(R"("extensions":{{"{}":{{}}}})", protocol::tasks_extension));
  return text + '}';
}

}  // namespace

// ── one upstream
// ──────────────────────────────────────────────────────────────────────────────────

bool ServerView::shows_tool(std::string_view name) const {
  return !shown_tools || std::ranges::binary_search(*shown_tools, name, std::less<>{});
}

namespace {

/// Nothing where legacy clients can be told the same.
std::optional<std::string> legacy_tools_of(const std::map<ListKind, std::string>& results) {
  const auto tools = results.find(ListKind::tools);
  if (tools == results.end()) return std::nullopt;
  auto legacy = tools_for_legacy(tools->second);
  if (legacy == tools->second) return std::nullopt;
  return legacy;
}

upstream::CacheHints merged_hints(const std::vector<Contribution>& contributions, ListKind kind) {
  std::optional<upstream::CacheHints> merged;
  for (const auto& each : contributions) {
    const auto& list = catalogue_of(each)[kind];
    if (!list.offered) continue;
    if (!merged) merged = list.hints;
    merged->ttl_ms = std::min(merged->ttl_ms, list.hints.ttl_ms);
    merged->shared = merged->shared && list.hints.shared;
  }
  return merged.value_or(upstream::CacheHints{});
}

void show(ServerView& view, const Contribution& contribution) {
  const auto& catalogue = catalogue_of(contribution);
  for (const auto kind : upstream::all_lists) {
    if (catalogue[kind].offered) view.results[kind] = list_result(kind, catalogue[kind]);
    view.hints[static_cast<std::size_t>(kind)] = catalogue[kind].hints;
  }
  const auto& config = config_of(contribution);
  if (!filters(config.tools) && !config.resources_as_tools && !config.normalize_schemas) return;

  Made made;
  const auto shown = shown_tools(contribution, made);
  if (filters(config.tools)) {
    view.shown_tools.emplace();
    for (const auto* tool : shown) view.shown_tools->push_back(tool->key);
    std::ranges::sort(*view.shown_tools);
  }
  const auto& list = catalogue[ListKind::tools];
  if (shown == pointers(list.items)) return;
  ListText text(ListKind::tools);
  for (const auto* tool : shown) text.add(tool->json);
  // Whatever else the server said beside its tools (_meta, extensions) stays.
  view.results[ListKind::tools] =
      list.single_page.empty()
          ? std::move(text).result()
          : protocol::with_member(list.single_page, "tools", std::move(text).array());
}

}  // namespace

std::shared_ptr<const ServerView> make_server_view(const Contribution& contribution) {
  auto view = std::make_shared<ServerView>();
  show(*view, contribution);
  if (contribution.modern) view->legacy_tools = legacy_tools_of(view->results);
  return view;
}

// ── all upstreams
// ─────────────────────────────────────────────────────────────────────────────────

Aggregate::Aggregate(const std::vector<Contribution>& contributions) {
  add_tools(contributions);
  add_prompts(contributions);
  add_resources(contributions);
  add_templates(contributions);
  capabilities_ = merged_capabilities(contributions, !tools_.empty());
  if (std::ranges::any_of(contributions, &Contribution::modern))
    legacy_tools_ = legacy_tools_of(results_);
  for (const auto kind : upstream::all_lists)
    hints_[static_cast<std::size_t>(kind)] = merged_hints(contributions, kind);
}

void Aggregate::add_tools(const std::vector<Contribution>& contributions) {
  std::vector<Named> all;
  Made made;
  for (const auto& from : contributions) add_named(all, from, shown_tools(from, made));
  settle_names(all, warnings_);
  std::size_t expected = 0;
  for (const auto& named : all) expected += named.item->json.size() + protocol::max_name;
  ListText text(ListKind::tools, expected);
  for (auto& named : all) {
    if (named.public_name.empty()) continue;
    auto definition = examined(ListKind::tools, *named.from, *named.item, warnings_);
    definition = with_schema(std::move(definition), *named.from, *named.item, warnings_);
    text.add(renamed(definition, named.public_name));
    tools_.emplace(std::move(named.public_name), Route{named.from->server, named.item->key});
  }
  results_[ListKind::tools] = std::move(text).result();
}

void Aggregate::add_prompts(const std::vector<Contribution>& contributions) {
  std::vector<Named> all;
  for (const auto& from : contributions) {
    add_named(all, from, pointers(catalogue_of(from)[ListKind::prompts].items));
  }
  settle_names(all, warnings_);
  ListText text(ListKind::prompts);
  for (auto& named : all) {
    if (named.public_name.empty()) continue;
    const auto definition = examined(ListKind::prompts, *named.from, *named.item, warnings_);
    text.add(renamed(definition, named.public_name));
    prompts_.emplace(std::move(named.public_name), Route{named.from->server, named.item->key});
  }
  results_[ListKind::prompts] = std::move(text).result();
}

void Aggregate::add_resources(const std::vector<Contribution>& contributions) {
  ListText text(ListKind::resources);
  for (const auto& from : contributions) {
    for (const auto& item : catalogue_of(from)[ListKind::resources].items) {
      const auto [place, fresh] = resources_.try_emplace(item.key, from.server);
      if (!fresh && place->second != from.server) {
        warn_listed_twice("resource", item.key, place->second, from.server);
        continue;
      }
      text.add(addressed(ListKind::resources, from, item));
    }
  }
  results_[ListKind::resources] = std::move(text).result();
}

void Aggregate::add_templates(const std::vector<Contribution>& contributions) {
  ListText text(ListKind::resource_templates);
  std::unordered_map<std::string_view, std::string_view> owners;
  for (const auto& from : contributions) {
    for (const auto& item : catalogue_of(from)[ListKind::resource_templates].items) {
      const auto [place, fresh] = owners.try_emplace(item.key, from.server);
      if (!fresh && place->second != from.server) {
        warn_listed_twice("resource template", item.key, place->second, from.server);
        continue;
      }
      if (fresh) templates_.emplace_back(item.key, from.server);
      text.add(addressed(ListKind::resource_templates, from, item));
    }
  }
  results_[ListKind::resource_templates] = std::move(text).result();
}

/// The URI is what the server will be asked for: it stays, whatever characters it holds.
std::string Aggregate::addressed(
    ListKind kind, const Contribution& from, const CatalogueItem& item
) {
  auto definition = examined(kind, from, item, warnings_);
  if (definition.size() == item.json.size()) return definition;
  const std::string_view key = kind == ListKind::resources ? "uri" : "uriTemplate";
  return protocol::with_member(definition, key, protocol::quote(item.key));
}

void Aggregate::warn_listed_twice(
    std::string_view what, std::string_view key, std::string_view winner, std::string_view loser
) {
  warnings_.push_back(fmt::format(
      "{} '{}' is listed by server '{}' and by server '{}'; requests go to the first", what, key,
      winner, loser
  ));
}

const std::string& Aggregate::legacy_result(ListKind kind) const {
  return kind == ListKind::tools && legacy_tools_ ? *legacy_tools_ : result(kind);
}

const std::string& Aggregate::result(ListKind kind) const { return results_.at(kind); }

std::optional<Route> Aggregate::tool(std::string_view public_name) const {
  const auto found = tools_.find(public_name);
  return found == tools_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Route> Aggregate::prompt(std::string_view public_name) const {
  const auto found = prompts_.find(public_name);
  return found == prompts_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Aggregate::server_of_resource(std::string_view uri) const {
  if (const auto found = resources_.find(uri); found != resources_.end()) return found->second;
  const auto match = std::ranges::find_if(templates_, [&](const auto& entry) {
    return protocol::matches_uri_template(entry.first, uri);
  });
  return match == templates_.end() ? std::nullopt : std::optional(match->second);
}

std::optional<std::string> Aggregate::server_of_template(std::string_view uri_template) const {
  const auto match = std::ranges::find(templates_, uri_template, [](const auto& entry) {
    return std::string_view(entry.first);
  });
  return match == templates_.end() ? std::nullopt : std::optional(match->second);
}

bool Aggregate::operator==(const Aggregate& other) const { return results_ == other.results_; }

}  // namespace mooring::gateway
