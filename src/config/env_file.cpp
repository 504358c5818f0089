#include "config/env_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/reading.hpp"
#include "config/values.hpp"
#include "core/file.hpp"

namespace mooring::config {
namespace {

constexpr std::size_t max_env_file = std::size_t{1} << 20;

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'n') {
      out += '\n';
    } else if (next == 't') {
      out += '\t';
    } else {
      if (next != '"' && next != '\\' && next != '$') out += '\\';
      out += next;
    }
  }
  return out;
}

/// The closing quote of a text that begins with one; npos when there is none.
std::size_t closing_quote(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::expected<std::string, std::string> value_of(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) {
    return std::string(trim(text.substr(0, text.find(" #"))));
  }
  const std::size_t end = closing_quote(text);
  if (end == std::string_view::npos) return std::unexpected("a quote is never closed");
  const std::string_view rest = trim(text.substr(end + 1));
  if (!rest.empty() && rest.front() != '#') {
    return std::unexpected("there is text after the closing quote");
  }
  const std::string_view inner = text.substr(1, end - 1);
  return text.front() == '"' ? unescape(inner) : std::string(inner);
}

}  // namespace

std::expected<std::vector<std::pair<std::string, std::string>>, std::string> parse_env_file(
    std::string_view text
) {
  std::vector<std::pair<std::string, std::string>> out;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_env_name(name)) {
      return std::unexpected(fmt::format("line {} is not KEY=VALUE", number));
    }
    auto value = value_of(trim(line.substr(equals + 1)));
    if (!value) return std::unexpected(fmt::format("line {}: {}", number, value.error()));
    if (value->find('\0') != std::string::npos) {
      return std::unexpected(fmt::format("line {} holds a NUL byte", number));
    }
    out.emplace_back(name, std::move(*value));
  }
  return out;
}

std::expected<std::map<std::string, std::string>, std::string> read_env_file(
    const std::filesystem::path& path
) {
  const auto text = core::read_file(path, max_env_file);
  if (!text) return std::unexpected(text.error().detail);
  auto lines = parse_env_file(*text);
  if (!lines) return std::unexpected(fmt::format("{}: {}", path.string(), lines.error()));
  std::map<std::string, std::string> out;
  for (auto& [name, value] : *lines) {
    if (looks_secret(name)) hide(value);
    out[name] = std::move(value);
  }
  return out;
}

Env layered(std::map<std::string, std::string> first, Env second) {
  return [first = std::move(first),
          second = std::move(second)](const std::string& name) -> std::optional<std::string> {
    if (const auto it = first.find(name); it != first.end()) return it->second;
    return second(name);
  };
}

}  // namespace mooring::config
