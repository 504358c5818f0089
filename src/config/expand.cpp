#include "config/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "config/values.hpp"
#include "core/file.hpp"

namespace mooring::config {
namespace {

constexpr int max_depth = 8;
constexpr std::size_t max_secret_file = std::size_t{64} << 10;
constexpr std::string_view file_prefix = "file:";

struct Sources {
  const Env& env;
  const SecretFiles& files;
};

/// Index of the brace that closes the one at `open`, counting nested `${`; npos when there is none.
std::size_t closing_brace(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{' && i > 0 && text[i - 1] == '$') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

void append(std::string_view text, const Sources& sources, int depth, Expansion& out);

/// The value of what stands before `:-`; nothing when it is unset or no name at all.
std::optional<Expansion::Used> look_up(
    std::string_view name, const Sources& sources, std::string& file_error
) {
  if (name.starts_with(file_prefix)) {
    const std::string path(trim(name.substr(file_prefix.size())));
    auto content = sources.files(path);
    if (content) return Expansion::Used{std::string(name), std::move(*content), true};
    file_error = std::move(content.error());
    return std::nullopt;
  }
  if (name.starts_with("env:")) name.remove_prefix(4);
  if (!is_env_name(name)) return std::nullopt;
  auto value = sources.env(std::string(name));
  if (!value) return std::nullopt;
  return Expansion::Used{std::string(name), std::move(*value), false};
}

/// A default counts only where a default can be: `${1A:-x}` is no variable.
bool is_reference(std::string_view name) {
  if (name.starts_with(file_prefix)) return true;
  if (name.starts_with("env:")) name.remove_prefix(4);
  return is_env_name(name);
}

/// One `${…}`; `whole` includes the braces.
void append_reference(std::string_view whole, const Sources& sources, int depth, Expansion& out) {
  const std::string_view inner = whole.substr(2, whole.size() - 3);
  if (inner.starts_with("input:")) {
    out.inputs.emplace_back(whole);
    out.text += whole;
    return;
  }
  const std::size_t split = inner.find(":-");
  const std::string_view name = inner.substr(0, split);
  const bool has_default = split != std::string_view::npos;
  std::string file_error;
  auto used = look_up(name, sources, file_error);
  if (used && (!used->value.empty() || !has_default)) {
    out.text += used->value;
    out.used.push_back(std::move(*used));
    return;
  }
  if (has_default && is_reference(name)) {
    return append(inner.substr(split + 2), sources, depth + 1, out);
  }
  if (out.file_error.empty()) out.file_error = std::move(file_error);
  out.unset.emplace_back(whole);
  out.text += whole;
}

void append(std::string_view text, const Sources& sources, int depth, Expansion& out) {
  while (!text.empty()) {
    const std::size_t begin = depth > max_depth ? std::string_view::npos : text.find("${");
    const std::size_t end =
        begin == std::string_view::npos ? begin : closing_brace(text, begin + 1);
    if (end == std::string_view::npos) {
      out.text += text;
      return;
    }
    out.text += text.substr(0, begin);
    append_reference(text.substr(begin, end + 1 - begin), sources, depth, out);
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

std::expected<std::string, std::string> read_secret_file(const std::string& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  // A pipe would keep us waiting.
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return std::unexpected(fmt::format("{} is no regular file", path));
  }
  const auto text = core::read_file(path, max_secret_file);
  if (!text) return std::unexpected(text.error().detail);
  if (text->find('\0') != std::string::npos) {
    return std::unexpected(fmt::format("{} holds a NUL byte", path));
  }
  return std::string(trim(*text));
}

std::optional<std::string> Expansion::problem() const {
  if (!inputs.empty()) {
    return fmt::format(
        "{} is asked for by an editor, which Mooring cannot do; use an environment variable such "
        "as ${{TOKEN}} instead",
        inputs.front()
    );
  }
  if (unset.empty()) return std::nullopt;
  if (unset.front().starts_with("${file:")) {
    return fmt::format("{} is not set: {}", unset.front(), file_error);
  }
  return fmt::format(
      "{} is not set; set it in the environment or give it a default with ${{NAME:-default}}",
      unset.front()
  );
}

Expansion expand(std::string_view text, const Env& env, const SecretFiles& files) {
  Expansion out;
  append(text, {env, files}, 0, out);
  return out;
}

std::string with_file_paths(
    std::string_view text, const std::function<std::string(std::string_view path)>& absolute
) {
  constexpr std::string_view begin = "${file:";
  std::string out;
  for (;;) {
    const std::size_t found = text.find(begin);
    const std::size_t end =
        found == std::string_view::npos ? found : closing_brace(text, found + 1);
    if (end == std::string_view::npos) return out.append(text);
    const std::size_t path = found + begin.size();
    const std::size_t size = std::min(text.find(":-", path), end) - path;
    out += text.substr(0, path);
    out += absolute(trim(text.substr(path, size)));
    text.remove_prefix(path + size);
  }
}

}  // namespace mooring::config
