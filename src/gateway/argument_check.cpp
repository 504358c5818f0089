#include "gateway/argument_check.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <memory>

#include "core/percent.hpp"

namespace mooring::gateway {

namespace {

namespace json = boost::json;

constexpr int most_steps = 100'000;  ///< schemas looked at; anyOf within anyOf grows fast
constexpr int most_deep = 200;       ///< refs within refs

double number_of(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return value.get_double();
}

bool is_whole(const json::value& value) {
  return !value.is_double() || std::floor(value.get_double()) == value.get_double();
}

/// 1 and 1.0 are the same number (2020-12, "Instance Equality").
bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    return a.is_double() || b.is_double() ? number_of(a) == number_of(b) : a == b;
  }
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), same);
  if (a.is_object() && b.is_object()) {
    return a.get_object().size() == b.get_object().size() &&
           std::ranges::all_of(a.get_object(), [&b](const auto& member) {
             const auto* other = b.get_object().if_contains(member.key());
             return other != nullptr && same(member.value(), *other);
           });
  }
  return a == b;
}

std::string_view type_of(const json::value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "boolean";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  return "number";
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "integer") return value.is_number() && is_whole(value);
  return type_of(value) == type;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// For a sentence: values may be long.
std::string shown(const json::value& value) {
  auto text = json::serialize(value);
  if (text.size() <= 60) return text;
  std::size_t end = 57;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

/// One step of a JSON Pointer (RFC 6901 §3).
std::string pointer_token(std::string_view name) {
  std::string token = "/";
  for (const char c : name) {
    if (c == '~' || c == '/') {
      token += c == '~' ? "~0" : "~1";
    } else {
      token += c;
    }
  }
  return token;
}

/// Nothing: RE2 does not know the pattern's syntax.
std::optional<bool> matches(const json::value& pattern, std::string_view text) {
  const auto& source = pattern.get_string();
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(std::int64_t{1} << 20);
  const RE2 compiled(re2::StringPiece(source.data(), source.size()), options);
  if (!compiled.ok()) return std::nullopt;
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled);
}

class Check {
 public:
  explicit Check(const json::value& root) : root_(root) {}

  /// False: `fault` says why.
  bool passes(const json::value& schema, const json::value& value);
  ArgumentFault fault;
  bool gave_up = false;  ///< whatever came out means nothing

 private:
  bool no(std::string what) {
    fault = {path_, std::move(what)};
    return false;
  }
  bool no_at(std::string_view token, std::string what);
  /// As one part of a whole: the path grows by `token`.
  bool part_passes(const json::value& schema, const json::value& value, std::string_view token);

  bool general(const json::object& schema, const json::value& value);
  bool combined(const json::object& schema, const json::value& value);
  bool number(const json::object& schema, const json::value& value);
  bool string(const json::object& schema, std::string_view text);
  bool array(const json::object& schema, const json::array& elements);
  bool elements_pass(const json::object& schema, const json::array& elements);
  bool contains(const json::object& schema, const json::array& elements);
  bool object(const json::object& schema, const json::object& members);
  bool members_pass(const json::object& schema, const json::object& members);
  bool dependents(const json::object& schema, const json::object& members);
  /// Whether a count of something lies between two keywords.
  bool count(
      const json::object& schema, std::size_t size, std::string_view least, std::string_view most,
      std::string_view what
  );
  const json::value* target_of(std::string_view ref) const;

  const json::value& root_;
  std::string path_;
  int steps_ = 0, depth_ = 0;
};

bool Check::passes(const json::value& schema, const json::value& value) {
  if (schema.is_bool()) return schema.get_bool() || no("is not allowed");
  if (!schema.is_object()) return true;
  gave_up = gave_up || depth_ >= most_deep || steps_ >= most_steps;
  if (gave_up) return true;
  ++steps_;
  ++depth_;
  const auto& rules = schema.get_object();
  bool ok = general(rules, value) && combined(rules, value);
  if (ok && value.is_number()) ok = number(rules, value);
  if (ok && value.is_string()) ok = string(rules, value.get_string());
  if (ok && value.is_array()) ok = array(rules, value.get_array());
  if (ok && value.is_object()) ok = object(rules, value.get_object());
  --depth_;
  return ok;
}

bool Check::part_passes(
    const json::value& schema, const json::value& value, std::string_view token
) {
  const auto length = path_.size();
  path_ += pointer_token(token);
  const bool ok = passes(schema, value);
  path_.resize(length);
  return ok;
}

bool Check::no_at(std::string_view token, std::string what) {
  fault = {path_ + pointer_token(token), std::move(what)};
  return false;
}

bool Check::general(const json::object& schema, const json::value& value) {
  if (const auto* type = schema.if_contains("type")) {
    if (type->is_string() && !has_type(value, type->get_string())) {
      return no(
          fmt::format("must be {}, is {}", std::string_view(type->get_string()), type_of(value))
      );
    }
    if (type->is_array() && std::ranges::none_of(type->get_array(), [&](const auto& each) {
          return each.is_string() && has_type(value, each.get_string());
        })) {
      return no(fmt::format("must be one of {}, is {}", shown(*type), type_of(value)));
    }
  }
  if (const auto* allowed = schema.if_contains("enum"); allowed != nullptr && allowed->is_array()) {
    if (std::ranges::none_of(allowed->get_array(), [&](const auto& each) {
          return same(each, value);
        })) {
      return no(fmt::format("must be one of {}, is {}", shown(*allowed), shown(value)));
    }
  }
  const auto* constant = schema.if_contains("const");
  if (constant != nullptr && !same(*constant, value)) {
    return no(fmt::format("must be {}, is {}", shown(*constant), shown(value)));
  }
  const auto* ref = schema.if_contains("$ref");
  if (ref == nullptr || !ref->is_string()) return true;
  const auto* target = target_of(ref->get_string());
  return target == nullptr || passes(*target, value);
}

bool Check::combined(const json::object& schema, const json::value& value) {
  const auto list = [&schema](std::string_view keyword) -> const json::array* {
    const auto* found = schema.if_contains(keyword);
    return found == nullptr ? nullptr : found->if_array();
  };
  if (const auto* all = list("allOf")) {
    if (!std::ranges::all_of(*all, [&](const auto& each) { return passes(each, value); })) {
      return false;
    }
  }
  if (const auto* any = list("anyOf"); any != nullptr && !any->empty()) {
    if (std::ranges::none_of(*any, [&](const auto& each) { return passes(each, value); })) {
      return any->size() == 1 ? false : no("fits none of the forms of anyOf");
    }
  }
  if (const auto* one = list("oneOf"); one != nullptr && !one->empty()) {
    const auto fits =
        std::ranges::count_if(*one, [&](const auto& each) { return passes(each, value); });
    if (fits != 1) return no(fmt::format("must fit exactly one form of oneOf, fits {}", fits));
  }
  const auto* never = schema.if_contains("not");
  if (never != nullptr && passes(*never, value)) return no("has a form that is not allowed");
  if (const auto* condition = schema.if_contains("if")) {
    const auto* then = schema.if_contains(passes(*condition, value) ? "then" : "else");
    if (then != nullptr && !passes(*then, value)) return false;
  }
  return true;
}

bool Check::number(const json::object& schema, const json::value& value) {
  const auto bound = [&schema](std::string_view keyword) -> const json::value* {
    const auto* found = schema.if_contains(keyword);
    return found != nullptr && found->is_number() ? found : nullptr;
  };
  const auto is_true = [&schema](std::string_view keyword) {
    const auto* found = schema.if_contains(keyword);
    return found != nullptr && found->is_bool() && found->get_bool();
  };
  const auto is = number_of(value);
  if (const auto* least = bound("minimum")) {
    if (is < number_of(*least)) return no(fmt::format("must be at least {}", shown(*least)));
    if (is_true("exclusiveMinimum") && is == number_of(*least)) {
      return no(fmt::format("must be more than {}", shown(*least)));
    }
  }
  if (const auto* most = bound("maximum")) {
    if (is > number_of(*most)) return no(fmt::format("must be at most {}", shown(*most)));
    if (is_true("exclusiveMaximum") && is == number_of(*most)) {
      return no(fmt::format("must be less than {}", shown(*most)));
    }
  }
  if (const auto* above = bound("exclusiveMinimum"); above != nullptr && is <= number_of(*above)) {
    return no(fmt::format("must be more than {}", shown(*above)));
  }
  if (const auto* below = bound("exclusiveMaximum"); below != nullptr && is >= number_of(*below)) {
    return no(fmt::format("must be less than {}", shown(*below)));
  }
  if (const auto* step = bound("multipleOf"); step != nullptr && number_of(*step) > 0) {
    // 0.3 is a multiple of 0.1, whatever doubles make of it.
    const auto times = is / number_of(*step);
    if (std::abs(times - std::round(times)) > 1e-9 * std::max(1.0, std::abs(times))) {
      return no(fmt::format("must be a multiple of {}", shown(*step)));
    }
  }
  return true;
}

bool Check::count(
    const json::object& schema, std::size_t size, std::string_view least, std::string_view most,
    std::string_view what
) {
  const auto* low = schema.if_contains(least);
  if (low != nullptr && low->is_number() && static_cast<double>(size) < number_of(*low)) {
    return no(fmt::format("must have at least {} {}, has {}", shown(*low), what, size));
  }
  const auto* high = schema.if_contains(most);
  if (high != nullptr && high->is_number() && static_cast<double>(size) > number_of(*high)) {
    return no(fmt::format("must have at most {} {}, has {}", shown(*high), what, size));
  }
  return true;
}

bool Check::string(const json::object& schema, std::string_view text) {
  const auto* pattern = schema.if_contains("pattern");
  if (pattern != nullptr && pattern->is_string() && !matches(*pattern, text).value_or(true)) {
    return no(fmt::format("must match the pattern {}", shown(*pattern)));
  }
  return count(schema, code_points(text), "minLength", "maxLength", "characters");
}

bool Check::array(const json::object& schema, const json::array& elements) {
  if (!count(schema, elements.size(), "minItems", "maxItems", "items")) return false;
  const auto* unique = schema.if_contains("uniqueItems");
  if (unique != nullptr && unique->is_bool() && unique->get_bool()) {
    for (std::size_t i = 1; i < elements.size(); ++i) {
      steps_ += static_cast<int>(i / 16);
      if (steps_ >= most_steps) return gave_up = true;
      for (std::size_t j = 0; j < i; ++j) {
        if (same(elements[i], elements[j])) {
          return no(fmt::format("must not repeat an item; {} and {} are the same", j, i));
        }
      }
    }
  }
  return elements_pass(schema, elements) && contains(schema, elements);
}

bool Check::elements_pass(const json::object& schema, const json::array& elements) {
  const auto* items = schema.if_contains("items");
  const auto* first = schema.if_contains("prefixItems");
  const auto* rest = items;
  if (first == nullptr && items != nullptr && items->is_array()) {  // before 2020-12
    first = items;
    rest = schema.if_contains("additionalItems");
  }
  const auto* tuple = first == nullptr ? nullptr : first->if_array();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto* rule = tuple != nullptr && i < tuple->size() ? &(*tuple)[i] : rest;
    if (rule != nullptr && !part_passes(*rule, elements[i], std::to_string(i))) return false;
  }
  return true;
}

bool Check::contains(const json::object& schema, const json::array& elements) {
  const auto* wanted = schema.if_contains("contains");
  if (wanted == nullptr) return true;
  const auto found = static_cast<double>(std::ranges::count_if(elements, [&](const auto& each) {
    return passes(*wanted, each);
  }));
  const auto* least = schema.if_contains("minContains");
  const auto* most = schema.if_contains("maxContains");
  const bool enough = found >= (least != nullptr && least->is_number() ? number_of(*least) : 1);
  const bool too_many = most != nullptr && most->is_number() && found > number_of(*most);
  return (enough && !too_many) || no(fmt::format("has {} items that fit contains", found));
}

bool Check::object(const json::object& schema, const json::object& members) {
  const auto* required = schema.if_contains("required");
  if (required != nullptr && required->is_array()) {
    for (const auto& name : required->get_array()) {
      if (name.is_string() && !members.contains(name.get_string())) {
        return no_at(name.get_string(), "is required");
      }
    }
  }
  return count(schema, members.size(), "minProperties", "maxProperties", "members") &&
         members_pass(schema, members) && dependents(schema, members);
}

bool Check::members_pass(const json::object& schema, const json::object& members) {
  const auto rules = [&schema](std::string_view keyword) -> const json::object* {
    const auto* found = schema.if_contains(keyword);
    return found == nullptr ? nullptr : found->if_object();
  };
  const auto* properties = rules("properties");
  const auto* patterns = rules("patternProperties");
  const auto* others = schema.if_contains("additionalProperties");
  const auto* names = schema.if_contains("propertyNames");
  for (const auto& member : members) {
    const auto key = member.key();
    bool known = false;
    if (const auto* rule = properties == nullptr ? nullptr : properties->if_contains(key)) {
      known = true;
      if (!part_passes(*rule, member.value(), key)) return false;
    }
    for (const auto& pattern : patterns == nullptr ? json::object() : *patterns) {
      const auto fits = matches(json::value(pattern.key()), key);
      known = known || fits.value_or(true);
      if (fits.value_or(false) && !part_passes(pattern.value(), member.value(), key)) return false;
    }
    if (!known && others != nullptr && !part_passes(*others, member.value(), key)) {
      return others->is_bool() ? no_at(key, "is not known to the tool") : false;
    }
    if (names != nullptr && !part_passes(*names, json::value(key), key)) return false;
  }
  return true;
}

bool Check::dependents(const json::object& schema, const json::object& members) {
  const auto* dependent = schema.if_contains("dependentRequired");
  if (dependent == nullptr || !dependent->is_object()) return true;
  for (const auto& rule : dependent->get_object()) {
    if (!members.contains(rule.key()) || !rule.value().is_array()) continue;
    for (const auto& name : rule.value().get_array()) {
      if (!name.is_string() || members.contains(name.get_string())) continue;
      return no(fmt::format(
          "needs {} where it has {}", std::string_view(name.get_string()),
          std::string_view(rule.key())
      ));
    }
  }
  return true;
}

/// Of this document alone: "#" or "#/…". Nothing: not to be found here.
const json::value* Check::target_of(std::string_view ref) const {
  if (!ref.starts_with('#')) return nullptr;
  boost::system::error_code error;
  return root_.find_pointer(core::percent_decode(ref.substr(1)), error);
}

}  // namespace

std::optional<ArgumentFault> check_arguments(std::string_view schema, std::string_view arguments) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 256;
  const auto rules = json::parse(schema, error, {}, options);
  if (error) return std::nullopt;
  const auto value = json::parse(arguments.empty() ? "{}" : arguments, error, {}, options);
  if (error) return std::nullopt;
  Check check(rules);
  if (check.passes(rules, value) || check.gave_up) return std::nullopt;
  return std::move(check.fault);
}

}  // namespace mooring::gateway
