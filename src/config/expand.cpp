#include "config/expand.hpp"

#include <cstdlib>

#include "config/values.hpp"

namespace mooring::config {
namespace {

constexpr int max_depth = 8;

/// Index of the brace that closes the one at `open`, counting nested `${`; npos when there is none.
std::size_t closing_brace(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{' && i > 0 && text[i - 1] == '$') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

void append(std::string_view text, const Env& env, int depth, Expansion& out);

/// One `${…}`; `whole` includes the braces.
void append_reference(std::string_view whole, const Env& env, int depth, Expansion& out) {
  std::string_view inner = whole.substr(2, whole.size() - 3);
  if (inner.starts_with("input:")) {
    out.inputs.emplace_back(whole);
    out.text += whole;
    return;
  }
  if (inner.starts_with("env:")) inner.remove_prefix(4);
  const std::size_t split = inner.find(":-");
  const std::string_view name = inner.substr(0, split);
  const bool has_default = split != std::string_view::npos;
  if (is_env_name(name)) {
    auto value = env(std::string(name));
    if (value && (!value->empty() || !has_default)) {
      out.text += *value;
      out.used.push_back({std::string(name), std::move(*value)});
      return;
    }
    if (has_default) return append(inner.substr(split + 2), env, depth + 1, out);
  }
  out.unset.emplace_back(whole);
  out.text += whole;
}

void append(std::string_view text, const Env& env, int depth, Expansion& out) {
  while (!text.empty()) {
    const std::size_t begin = depth > max_depth ? std::string_view::npos : text.find("${");
    const std::size_t end =
        begin == std::string_view::npos ? begin : closing_brace(text, begin + 1);
    if (end == std::string_view::npos) {
      out.text += text;
      return;
    }
    out.text += text.substr(0, begin);
    append_reference(text.substr(begin, end + 1 - begin), env, depth, out);
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Env process_env() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Expansion expand(std::string_view text, const Env& env) {
  Expansion out;
  append(text, env, 0, out);
  return out;
}

}  // namespace mooring::config
