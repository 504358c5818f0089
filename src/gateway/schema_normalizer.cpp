#include "gateway/schema_normalizer.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <vector>

#include "gateway/json_edit.hpp"

namespace mooring::gateway {

namespace {

constexpr std::string_view dialect = "\"https://json-schema.org/draft/2020-12/schema\"";
/// Deeper than this, schemas pass unread: every level is scanned again by those above it.
constexpr int max_nesting = 64;

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}
bool holds_schema(std::string_view keyword) {
  return one_of(
      keyword, {"items", "additionalItems", "contains", "additionalProperties", "propertyNames",
                "unevaluatedItems", "unevaluatedProperties", "not", "if", "then", "else"}
  );
}
bool holds_schema_list(std::string_view keyword) {
  return one_of(keyword, {"allOf", "anyOf", "oneOf", "prefixItems"});
}
bool holds_schema_map(std::string_view keyword) {
  return one_of(
      keyword, {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas",
                "dependencies"}
  );
}
/// Keywords beside which an object may get its properties from elsewhere.
bool opens_properties(std::string_view keyword) {
  return one_of(
      keyword, {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "then", "else",
                "dependentSchemas", "dependencies", "patternProperties"}
  );
}
/// Below these, a schema speaks of the same value as the one above: its `properties` may stand
/// there.
bool same_value(std::string_view keyword) {
  return one_of(
      keyword, {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas",
                "dependencies", "$defs", "definitions"}
  );
}
bool is_index(std::string_view token) {
  return !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
}

struct Member {
  std::string key;
  std::string_view raw_key;
  std::string_view value;
};
using Members = std::vector<Member>;

Members members_of(std::string_view object) {
  Members members;
  protocol::for_each_member(object, [&](std::string_view key, std::string_view value) {
    members.push_back({protocol::unescape(key), key, value});
    return true;
  });
  return members;
}

const Member* find(const Members& members, std::string_view key) {
  const auto found = std::ranges::find(members, key, &Member::key);
  return found == members.end() ? nullptr : &*found;
}

class Normalizer {
 public:
  explicit Normalizer(bool rename_definitions) : rename_(rename_definitions) {}

  std::string root(std::string_view schema) {
    if (protocol::is_object(schema)) return object(schema, Place::root);
    changed_ = true;
    return R"({"type":"object"})";
  }
  bool changed() const { return changed_; }
  /// `$defs` and `definitions` stood side by side and define one name differently: they cannot be
  /// merged.
  bool clash() const { return clash_; }

 private:
  enum class Place { root, value, same_value };

  /// An object of raw members, written one by one.
  class Writer {
   public:
    void add(std::string_view raw_key, std::string_view value) {
      if (out_.size() > 1) out_ += ',';
      out_.append(raw_key).append(":").append(value);
    }
    std::string finish() && { return std::move(out_) + '}'; }

   private:
    std::string out_ = "{";
  };

  std::string schema(std::string_view raw, Place place) {
    if (!protocol::is_object(raw) || depth_ >= max_nesting) return std::string(raw);
    ++depth_;
    auto out = object(raw, place);
    --depth_;
    return out;
  }

  std::string object(std::string_view raw, Place place) {
    const auto members = members_of(raw);
    const auto* items = find(members, "items");
    const bool tuple =
        items != nullptr && protocol::is_array(items->value) && !find(members, "prefixItems");
    Writer out;
    for (const auto& member : members) {
      if (exclusive_bound(members, member, out) || tuple_member(member, tuple, out) ||
          definitions(members, member, out)) {
        continue;
      }
      if (member.key == "required") {
        required(members, member, place, out);
      } else if (member.key == "type" && place == Place::root && member.value != "\"object\"") {
        put(out, member.raw_key, "\"object\"");
      } else if (member.key == "$schema" && place == Place::root && member.value != dialect) {
        put(out, member.raw_key, dialect);
      } else if (one_of(member.key, {"$ref", "$dynamicRef"})) {
        reference(member, out);
      } else {
        out.add(member.raw_key, nested(member));
      }
    }
    if (place == Place::root && find(members, "type") == nullptr)
      put(out, "\"type\"", "\"object\"");
    return std::move(out).finish();
  }

  std::string nested(const Member& member) {
    const auto place = same_value(member.key) ? Place::same_value : Place::value;
    if (protocol::is_object(member.value)) {
      if (holds_schema_map(member.key)) return schema_map(member.value, place);
      if (holds_schema(member.key)) return schema(member.value, place);
    } else if (protocol::is_array(member.value) && holds_schema_list(member.key)) {
      return schema_list(member.value, place);
    }
    return std::string(member.value);
  }

  std::string schema_map(std::string_view raw, Place place) {
    Writer out;
    protocol::for_each_member(raw, [&](std::string_view key, std::string_view value) {
      out.add(key, schema(value, place));
      return true;
    });
    return std::move(out).finish();
  }

  std::string schema_list(std::string_view raw, Place place) {
    std::string out = "[";
    protocol::for_each_element(raw, [&](std::string_view value) {
      if (out.size() > 1) out += ',';
      out += schema(value, place);
      return true;
    });
    return out + ']';
  }

  void put(Writer& out, std::string_view raw_key, std::string_view value) {
    out.add(raw_key, value);
    changed_ = true;
  }

  /// Draft 4: `"minimum": 1, "exclusiveMinimum": true`.
  bool exclusive_bound(const Members& members, const Member& member, Writer& out) {
    for (const auto& [bound, exclusive] :
         {std::pair{"minimum", "exclusiveMinimum"}, std::pair{"maximum", "exclusiveMaximum"}}) {
      const auto* flag = find(members, exclusive);
      const bool old = flag != nullptr && (flag->value == "true" || flag->value == "false");
      if (!old) continue;
      if (member.key == exclusive) {
        changed_ = true;
        return true;
      }
      if (member.key == bound && flag->value == "true" && member.value != "true") {
        put(out, flag->raw_key, member.value);
        return true;
      }
    }
    return false;
  }

  bool tuple_member(const Member& member, bool tuple, Writer& out) {
    if (!tuple) return false;
    if (member.key == "items") {
      put(out, "\"prefixItems\"", schema_list(member.value, Place::value));
      return true;
    }
    if (member.key == "additionalItems") {
      put(out, "\"items\"", schema(member.value, Place::value));
      return true;
    }
    return false;
  }

  bool definitions(const Members& members, const Member& member, Writer& out) {
    if (!rename_ || !one_of(member.key, {"definitions", "$defs"})) return false;
    const auto* old = find(members, "definitions");
    if (old == nullptr || !protocol::is_object(old->value)) return false;
    const auto* defs = find(members, "$defs");
    if (defs == nullptr) {
      put(out, "\"$defs\"", schema_map(old->value, Place::same_value));
      return true;
    }
    changed_ = true;
    if (&member == old) return true;  // written where `$defs` stands
    auto merged = schema_map(defs->value, Place::same_value);
    for (const auto& definition : members_of(old->value)) {
      const auto present = protocol::member(defs->value, definition.key);
      clash_ |= present && *present != definition.value;
      if (!present) {
        merged = protocol::with_member(
            merged, definition.key, schema(definition.value, Place::same_value)
        );
      }
    }
    out.add("\"$defs\"", merged);
    return true;
  }

  void required(const Members& members, const Member& member, Place place, Writer& out) {
    if (!protocol::is_array(member.value)) {
      changed_ = true;  // draft 3's flag on the property itself means nothing any more
      return;
    }
    const auto* properties = find(members, "properties");
    const auto* additional = find(members, "additionalProperties");
    const bool elsewhere =
        std::ranges::any_of(members, [](const Member& m) { return opens_properties(m.key); }) ||
        (additional != nullptr && protocol::is_object(additional->value)) ||
        (properties == nullptr && place != Place::root) || place == Place::same_value;
    std::string kept = "[";
    std::set<std::string> names;
    bool dropped = false;
    protocol::for_each_element(member.value, [&](std::string_view raw) {
      const auto name = protocol::unescape(raw);
      const bool known = elsewhere || (properties && protocol::member(properties->value, name));
      if (!protocol::is_string(raw) || !known || !names.insert(name).second) {
        dropped = true;
        return true;
      }
      if (kept.size() > 1) kept += ',';
      kept += raw;
      return true;
    });
    if (!dropped) {
      out.add(member.raw_key, member.value);
    } else if (kept.size() > 1) {
      put(out, member.raw_key, kept + ']');
    } else {
      changed_ = true;
    }
  }

  void reference(const Member& member, Writer& out) {
    const auto target = protocol::unescape(member.value);
    const auto followed = follow(target);
    if (followed == target) {
      out.add(member.raw_key, member.value);
    } else {
      put(out, member.raw_key, protocol::quote(followed));
    }
  }

  /// A local JSON pointer with the keywords as they are called now. Only keywords are renamed, not
  /// properties of that name.
  std::string follow(std::string_view target) const {
    if (!target.starts_with("#/")) return std::string(target);
    enum class At { schema, map, list, elsewhere } at = At::schema;
    std::string out = "#";
    std::size_t begin = 2;
    while (begin <= target.size()) {
      const auto end = std::min(target.find('/', begin), target.size());
      auto token = target.substr(begin, end - begin);
      const auto next = end < target.size() ? target.substr(end + 1) : std::string_view();
      if (at == At::map || at == At::list) {
        at = At::schema;
      } else if (at == At::schema) {
        if (token == "items" && is_index(next.substr(0, next.find('/')))) token = "prefixItems";
        if (token == "definitions" && rename_) token = "$defs";
        at = holds_schema_map(token)    ? At::map
             : holds_schema_list(token) ? At::list
             : holds_schema(token)      ? At::schema
                                        : At::elsewhere;
      }
      out.append("/").append(token);
      begin = end + 1;
    }
    return out;
  }

  bool rename_;
  bool changed_ = false;
  bool clash_ = false;
  int depth_ = 0;
};

}  // namespace

std::string normalize_schema(std::string_view schema) {
  Normalizer normalizer(true);
  auto out = normalizer.root(schema);
  if (!normalizer.clash()) return normalizer.changed() ? out : std::string(schema);
  // Both sets of definitions stay where they are; refs into either remain right.
  Normalizer careful(false);
  out = careful.root(schema);
  return careful.changed() ? out : std::string(schema);
}

}  // namespace mooring::gateway
