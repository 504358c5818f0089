#include "gateway/share.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "gateway/answer_eras.hpp"
#include "gateway/description_guard.hpp"
#include "gateway/public_names.hpp"
#include "gateway/shown_tools.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

using upstream::CatalogueItem;
using upstream::ListKind;

namespace {

/// What the server wrote, without invisible characters, and with a warning about what is odd.
std::string examined(
    ListKind kind, const Contribution& from, const CatalogueItem& item,
    std::vector<std::string>& warnings
) {
  auto definition = without_invisible(item.json);
  const auto warn = [&](std::string_view what) {
    warnings.push_back(fmt::format(
        "server '{}', {} '{}': {}", from.server, upstream::item_noun(kind), item.key, what
    ));
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

/// Tools or prompts, under public names.
Portion named_portion(
    ListKind kind, const Contribution& from, const Items& items, std::vector<std::string>& warnings
) {
  auto names = wanted_names(from.server, items);
  settle_names(names, warnings);
  Portion portion;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto& name = names[i].public_name;
    if (name.empty()) continue;
    auto definition = examined(kind, from, *items[i], warnings);
    if (kind == ListKind::tools)
      definition = with_schema(std::move(definition), from, *items[i], warnings);
    definition = renamed(definition, name);
    portion.add({std::move(name), items[i]->key, names[i].exact}, definition);
  }
  return portion;
}

/// Resources or templates. The URI is what the server will be asked for: it stays, whatever
/// characters it holds.
Portion addressed_portion(
    ListKind kind, const Contribution& from, std::vector<std::string>& warnings
) {
  Portion portion;
  const auto key = upstream::key_member(kind);
  for (const auto& item : from.lists()[kind].items) {
    auto definition = examined(kind, from, item, warnings);
    if (definition.size() != item.json.size())
      definition = protocol::with_member(definition, key, protocol::quote(item.key));
    portion.add({.name = item.key, .key = {}}, definition);
  }
  return portion;
}

Portion portion_of(ListKind kind, const Contribution& from, std::vector<std::string>& warnings) {
  const auto& list = from.lists()[kind];
  MadeItems made;
  switch (kind) {
    case ListKind::tools:
      return named_portion(kind, from, shown_tools(from, made), warnings);
    case ListKind::prompts:
      return named_portion(kind, from, pointers(list.items), warnings);
    case ListKind::resources:
    case ListKind::resource_templates:
      break;
  }
  return addressed_portion(kind, from, warnings);
}

Features features_of(const Contribution& from) {
  const auto has = [&](std::string_view capability) {
    const auto value = protocol::member(from.capabilities, capability);
    return value && protocol::is_object(*value);
  };
  const auto& lists = from.lists();
  Features features;
  features.tools = has("tools") || lists[ListKind::tools].offered;
  features.prompts = has("prompts") || lists[ListKind::prompts].offered;
  features.resources = has("resources") || lists[ListKind::resources].offered ||
                       lists[ListKind::resource_templates].offered;
  features.logging = has("logging");
  features.completions = has("completions");
  if (const auto value = protocol::member(from.capabilities, "extensions"))
    features.tasks = protocol::member(*value, protocol::tasks_extension).has_value();
  if (const auto value = protocol::member(from.capabilities, "resources")) {
    const auto flag = protocol::member(*value, "subscribe");
    features.subscribe = flag && protocol::is_true(*flag);
  }
  return features;
}

}  // namespace

void Portion::add(Entry entry, std::string_view definition) {
  if (!text_.empty()) text_ += ',';
  entry.begin = static_cast<std::uint32_t>(text_.size());
  entry.size = static_cast<std::uint32_t>(definition.size());
  text_ += definition;
  entries_.push_back(std::move(entry));
}

void Portion::finish(ListKind kind) {
  text_.shrink_to_fit();
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0U);
  std::ranges::sort(by_name_, {}, [this](std::uint32_t at) {
    return std::pair(std::string_view(entries_[at].name), at);
  });
  if (kind != ListKind::tools) return;
  std::string legacy;
  bool differs = false;
  for (const auto& entry : entries_) {
    const auto other = tool_for_legacy(definition(entry));
    differs = differs || other;
    if (!legacy.empty()) legacy += ',';
    legacy += other ? std::string_view(*other) : definition(entry);
  }
  if (differs) legacy_text_ = std::move(legacy);
}

const Portion::Entry* Portion::find(std::string_view name) const {
  const auto name_at = [this](std::uint32_t at) { return std::string_view(entries_[at].name); };
  const auto found = std::ranges::lower_bound(by_name_, name, {}, name_at);
  return found != by_name_.end() && name_at(*found) == name ? &entries_[*found] : nullptr;
}

void Features::add(const Features& other) {
  tools |= other.tools;
  prompts |= other.prompts;
  resources |= other.resources;
  subscribe |= other.subscribe;
  logging |= other.logging;
  completions |= other.completions;
  tasks |= other.tasks;
}

std::string Features::to_json() const {
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

SharePtr make_share(const Contribution& contribution, const Share* before) {
  auto share = std::make_shared<Share>();
  share->features = features_of(contribution);
  share->modern = contribution.modern;
  for (const auto kind : upstream::all_lists) {
    const auto index = static_cast<std::size_t>(kind);
    const auto& list = contribution.lists()[kind];
    if (list.offered) share->hints[index] = list.hints;
    auto portion = portion_of(kind, contribution, share->warnings);
    if (portion.entries().empty()) continue;
    if (before != nullptr && before->portions[index] && *before->portions[index] == portion) {
      share->portions[index] = before->portions[index];
      continue;
    }
    portion.finish(kind);
    share->portions[index] = std::make_shared<const Portion>(std::move(portion));
  }
  share->features.tools = share->features.tools || share->portions[0];
  return share;
}

PortionPtr with_names(
    const Portion& portion, ListKind kind, const std::vector<std::string>& names
) {
  auto other = std::make_shared<Portion>();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& entry = portion.entries()[i];
    if (names[i].empty()) continue;
    const auto definition = portion.definition(entry);
    const bool same = names[i] == entry.name;
    other->add(
        {names[i], entry.key, entry.exact},
        same ? std::string(definition) : renamed(definition, names[i])
    );
  }
  other->finish(kind);
  return other;
}

}  // namespace mooring::gateway
