#pragma once

#include <fmt/format.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "config/schema.hpp"
#include "config/values.hpp"

/// Rows of the key table. `field` is a pointer to member, or a function that returns a reference
/// into the target; the default shown in the documentation is what a fresh Target holds there.
namespace mooring::config {

inline std::optional<Problem> wrong(const Node& node, std::string text) {
  return Problem{node.at, std::move(text)};
}
inline std::optional<Problem> expected(const Node& node, std::string_view what) {
  if (node.kind == Node::Kind::null) return wrong(node, fmt::format("has no value; {}", what));
  return wrong(node, fmt::format("{}, not {}", what, describe(node)));
}

/// The rows of a server about healing, repeating and keeping alive.
void add_recovery_keys(std::vector<Key<UpstreamConfig>>& keys);

/// The rows of a server about signing in.
void add_auth_keys(std::vector<Key<UpstreamConfig>>& keys);

std::string json_text(std::string_view text);
/// Texts of a list; a single scalar is a list of one.
std::expected<std::vector<std::string>, Problem> texts_of(const Node& node);

template <class Target, class Field>
Key<Target> duration_key(std::string path, Field field, Duration min, std::string doc) {
  Target fresh;
  Key<Target> key{std::move(path), KeyType::duration, std::move(doc)};
  key.default_json = json_text(format_duration(std::invoke(field, fresh)));
  key.set = [field, min](Target& target, const Node& node, Reading&) -> std::optional<Problem> {
    if (!node.is_scalar()) return expected(node, "a duration such as 60 or \"5m\" is expected");
    const auto value = parse_duration(node.text);
    if (!value) return wrong(node, value.error());
    if (*value < min) {
      return wrong(
          node, fmt::format("at least {} is needed, not {}", format_duration(min), shown(node.text))
      );
    }
    std::invoke(field, target) = *value;
    return {};
  };
  return key;
}

template <class Target, class Field>
Key<Target> count_key(
    std::string path, Field field, long long min, long long max, std::string doc
) {
  using Value = std::remove_cvref_t<std::invoke_result_t<Field, Target&>>;
  Target fresh;
  Key<Target> key{std::move(path), KeyType::count, std::move(doc)};
  key.default_json = fmt::format("{}", std::invoke(field, fresh));
  key.min = min;
  key.max = max;
  key.set = [field, min, max](Target& target, const Node& node, Reading&) {
    std::optional<Problem> problem;
    if (!node.is_scalar()) return expected(node, "a whole number is expected");
    const auto value = parse_count(node.text, min, max);
    if (!value) return wrong(node, value.error());
    std::invoke(field, target) = static_cast<Value>(*value);
    return problem;
  };
  return key;
}

template <class Target, class Field>
Key<Target> size_key(std::string path, Field field, std::size_t min, std::string doc) {
  Target fresh;
  Key<Target> key{std::move(path), KeyType::size, std::move(doc)};
  key.default_json = json_text(format_size(std::invoke(field, fresh)));
  key.set = [field, min](Target& target, const Node& node, Reading&) -> std::optional<Problem> {
    if (!node.is_scalar()) return expected(node, "a size such as 65536 or \"10MiB\" is expected");
    const auto value = parse_size(node.text);
    if (!value) return wrong(node, value.error());
    if (*value < min) {
      return wrong(
          node, fmt::format("at least {} is needed, not {}", format_size(min), shown(node.text))
      );
    }
    std::invoke(field, target) = *value;
    return {};
  };
  return key;
}

/// A word that is neither yes nor no leaves what was there, with a note: many clients are that
/// lenient.
template <class Target, class Field>
Key<Target> bool_key(std::string path, Field field, std::string doc) {
  Target fresh;
  Key<Target> key{path, KeyType::boolean, std::move(doc)};
  key.default_json = std::invoke(field, fresh) ? "true" : "false";
  key.set = [field, path](Target& target, const Node& node, Reading& reading) {
    std::optional<Problem> problem;
    if (!node.is_scalar()) return expected(node, "true or false is expected");
    auto& value = std::invoke(field, target);
    const auto word = parse_bool(node.text);
    if (word) {
      value = *word;
    } else {
      reading.note(
          node.at, fmt::format(
                       "{}: {} is neither true nor false; {} is used", path, shown(node.text),
                       value ? "true" : "false"
                   )
      );
    }
    return problem;
  };
  return key;
}

template <class Target, class Field>
Key<Target> text_key(std::string path, Field field, std::string doc) {
  Target fresh;
  Key<Target> key{std::move(path), KeyType::text, std::move(doc)};
  const std::string& preset = std::invoke(field, fresh);
  if (!preset.empty()) key.default_json = json_text(preset);
  key.set = [field](Target& target, const Node& node, Reading&) -> std::optional<Problem> {
    if (!node.is_scalar()) return expected(node, "a text is expected");
    std::invoke(field, target) = node.text;
    return {};
  };
  return key;
}

template <class Target, class Field>
Key<Target> path_key(std::string path, Field field, std::string doc) {
  Key<Target> key{std::move(path), KeyType::path, std::move(doc)};
  key.set = [field](Target& target, const Node& node, Reading& reading) -> std::optional<Problem> {
    if (!node.is_scalar() || node.text.empty()) return expected(node, "a path is expected");
    std::invoke(field, target) = reading.resolve(node.at, node.text).string();
    return {};
  };
  return key;
}

template <class Target, class Field>
Key<Target> list_key(std::string path, Field field, std::string doc) {
  Key<Target> key{std::move(path), KeyType::list, std::move(doc)};
  key.default_json = "[]";
  key.set = [field](Target& target, const Node& node, Reading&) -> std::optional<Problem> {
    auto texts = texts_of(node);
    if (!texts) return texts.error();
    std::invoke(field, target) = std::move(*texts);
    return {};
  };
  return key;
}

/// `values`: the words and what each stands for; the one that a fresh target holds is the default.
template <class Target, class Field, class Value>
Key<Target> choice_key(
    std::string path, Field field, std::vector<std::pair<std::string, Value>> values,
    std::string doc
) {
  Target fresh;
  Key<Target> key{std::move(path), KeyType::choice, std::move(doc)};
  std::string words;
  for (const auto& [word, value] : values) {
    key.choices.push_back(word);
    words += (words.empty() ? "" : ", ") + word;
    if (key.default_json.empty() && value == std::invoke(field, fresh)) {
      key.default_json = json_text(word);
    }
  }
  key.set = [field, values, words](Target& target, const Node& node, Reading&) {
    std::optional<Problem> problem;
    for (const auto& [word, value] : values) {
      if (!node.is_scalar() || lower(node.text) != lower(word)) continue;
      std::invoke(field, target) = value;
      return problem;
    }
    return expected(node, fmt::format("one of {} is expected", words));
  };
  return key;
}

}  // namespace mooring::config
