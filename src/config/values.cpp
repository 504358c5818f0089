#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace mooring::config {
namespace {

constexpr std::string_view blanks = " \t\r\n";

/// A number without sign or exponent at the front of `text`, which is moved behind it.
std::optional<double> take_number(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + size, value);
  if (code != std::errc() || end != text.data() + size) return std::nullopt;
  text.remove_prefix(size);
  return value;
}

std::string_view take_unit(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_of("0123456789."), text.size());
  const std::string_view unit = trim(text.substr(0, size));
  text.remove_prefix(size);
  return unit;
}

std::optional<double> milliseconds_in(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 12> units = {
      {{"ms", 1},
       {"s", 1e3},
       {"sec", 1e3},
       {"m", 6e4},
       {"min", 6e4},
       {"h", 3.6e6},
       {"hour", 3.6e6},
       {"hours", 3.6e6},
       {"d", 8.64e7},
       {"day", 8.64e7},
       {"days", 8.64e7},
       {"", 1e3}}
  };
  const auto it = std::ranges::find(units, unit, &std::pair<std::string_view, double>::first);
  if (it == units.end()) return std::nullopt;
  return it->second;
}

}  // namespace

std::expected<Duration, std::string> parse_duration(std::string_view text) {
  constexpr double year = 366 * 8.64e7;
  auto wrong = [whole = text] {
    return std::unexpected(fmt::format(
        "a duration such as 60 (seconds), 2.5, \"500ms\", \"5m\" or \"24h\" is expected, not "
        "\"{}\"",
        whole
    ));
  };
  text = trim(text);
  if (text.empty()) return wrong();
  double total = 0;
  for (bool first = true; !text.empty(); first = false) {
    const auto number = take_number(text);
    if (!number) return wrong();
    const std::string_view unit = take_unit(text);
    const auto factor = milliseconds_in(lower(unit));
    // "1m30" could be read in two ways.
    if (!factor || (unit.empty() && (!first || !text.empty()))) return wrong();
    total += *number * *factor;
  }
  if (!(total <= year))
    return std::unexpected(std::string("a duration cannot be longer than a year"));
  if (total > 0 && total < 1) total = 1;
  return Duration(static_cast<Duration::rep>(std::llround(total)));
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units = {
      {{"", 1},
       {"b", 1},
       {"kb", 1e3},
       {"mb", 1e6},
       {"gb", 1e9},
       {"kib", 1024.0},
       {"mib", 1048576.0},
       {"gib", 1073741824.0}}
  };
  auto wrong = [whole = text] {
    return std::unexpected(fmt::format(
        "a size such as 65536 (bytes), \"32KiB\" or \"10MiB\" is expected, not \"{}\"", whole
    ));
  };
  text = trim(text);
  const auto number = take_number(text);
  if (!number) return wrong();
  const std::string unit = lower(trim(text));
  const auto it = std::ranges::find(units, unit, &std::pair<std::string_view, double>::first);
  if (it == units.end()) return wrong();
  const double bytes = *number * it->second;
  if (!(bytes <= 1e15)) return std::unexpected(std::string("a size cannot be over 1000000 GB"));
  return static_cast<std::uint64_t>(std::llround(bytes));
}

std::expected<long long, std::string> parse_count(
    std::string_view text, long long min, long long max
) {
  const std::string_view digits = trim(text);
  long long value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = code == std::errc() && end == digits.data() + digits.size();
  if (whole && value >= min && value <= max) return value;
  return std::unexpected(
      fmt::format("a whole number from {} to {} is expected, not \"{}\"", min, max, text)
  );
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = lower(trim(text));
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::string format_duration(Duration value) {
  const auto ms = value.count();
  if (ms % 1000 != 0) return fmt::format("{}ms", ms);
  const auto seconds = ms / 1000;
  if (seconds >= 7200 && seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  if (seconds > 120 && seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

std::string format_size(std::uint64_t value) {
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 3> units = {
      {{std::uint64_t{1} << 30, "GiB"}, {std::uint64_t{1} << 20, "MiB"}, {1024, "KiB"}}
  };
  for (const auto& [unit, name] : units) {
    if (value >= unit && value % unit == 0) return fmt::format("{}{}", value / unit, name);
  }
  return fmt::format("{}", value);
}

std::expected<std::vector<std::string>, std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool begun = false;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      const char next = text[++i];
      // Inside double quotes a backslash escapes only what is special there.
      if (quote == '"' && std::string_view("\"\\$`").find(next) == std::string_view::npos) {
        word += '\\';
      }
      word += next;
      begun = true;
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      begun = true;
    } else if (blanks.find(c) != std::string_view::npos) {
      if (begun) words.push_back(std::exchange(word, {}));
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (quote != '\0') return std::unexpected(fmt::format("a {} is never closed", quote));
  if (begun) words.push_back(std::move(word));
  return words;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

bool is_env_name(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !letter(text.front())) return false;
  return std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool looks_secret(std::string_view name) {
  constexpr std::array<std::string_view, 11> parts = {"token",   "secret",        "passw",
                                                      "apikey",  "authorization", "credential",
                                                      "cookie",  "private",       "bearer",
                                                      "session", "signature"};
  std::string plain;
  for (const char c : lower(name)) {
    if (c != '-' && c != '_') plain += c;
  }
  return plain.ends_with("key") || plain.ends_with("pat") || plain.ends_with("auth") ||
         std::ranges::any_of(parts, [&](std::string_view part) {
           return plain.find(part) != std::string::npos;
         });
}

}  // namespace mooring::config
