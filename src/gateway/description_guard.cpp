#include "gateway/description_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "protocol/json_scan.hpp"

namespace mooring::gateway {

using namespace std::string_view_literals;

namespace {

// ── invisible characters
// ──────────────────────────────────────────────────────────────────────────

bool is_tag(char32_t c) { return c >= 0xE0000 && c <= 0xE007F; }
bool is_joiner(char32_t c) { return c == 0x200C || c == 0x200D; }
bool is_invisible(char32_t c) {
  return is_tag(c) || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0x061C || c == 0x180E;
}

/// One character of a JSON string body or of plain text, with the bytes that spell it.
struct Unit {
  char32_t code = 0;
  std::size_t begin = 0;
  std::size_t size = 1;
};

char32_t hex4(std::string_view text, std::size_t at) {
  char32_t value = 0;
  for (std::size_t i = at; i < at + 4 && i < text.size(); ++i) {
    const char c = text[i];
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + (static_cast<char32_t>(digit) & 0xFU);
  }
  return value;
}

Unit escaped_unit(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return {U'\\', at, 1};
  if (text[at + 1] != 'u' || at + 6 > text.size()) return {U' ', at, 2};
  const auto high = hex4(text, at + 2);
  const bool pair = high >= 0xD800 && high < 0xDC00 && at + 12 <= text.size() &&
                    text[at + 6] == '\\' && text[at + 7] == 'u';
  if (!pair) return {high, at, 6};
  return {0x10000 + ((high - 0xD800) << 10U) + ((hex4(text, at + 8) - 0xDC00) & 0x3FFU), at, 12};
}

Unit utf8_unit(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  const std::size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 1 || at + size > text.size()) return {first, at, 1};
  char32_t code = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) code = (code << 6U) | (byte(at + i) & 0x3FU);
  return {code, at, size};
}

std::vector<Unit> units_of(std::string_view text, bool escapes) {
  std::vector<Unit> units;
  for (std::size_t at = 0; at < text.size(); at += units.back().size) {
    units.push_back(escapes && text[at] == '\\' ? escaped_unit(text, at) : utf8_unit(text, at));
  }
  return units;
}

/// Indic and Persian words and composed emoji need joiners; between them a lone one hides nothing.
bool joins(const std::vector<Unit>& units, std::size_t i) {
  const auto visible_letter = [&](std::size_t n) {
    return units[n].code > 0x7F && !is_invisible(units[n].code);
  };
  return is_joiner(units[i].code) && i > 0 && i + 1 < units.size() && visible_letter(i - 1) &&
         visible_letter(i + 1);
}

void append_visible(std::string& out, std::string_view text, bool escapes) {
  const auto units = units_of(text, escapes);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (is_invisible(units[i].code) && !joins(units, i)) continue;
    out.append(text, units[i].begin, units[i].size);
  }
}

bool holds_invisible(std::string_view text, bool escapes) {
  constexpr std::uint64_t high_bits = 0x8080808080808080U;
  for (std::size_t at = 0; at < text.size();) {
    std::uint64_t word = 0;
    if (at + sizeof word <= text.size()) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & high_bits) == 0) {
        at += sizeof word;
        continue;
      }
    }
    const auto unit = utf8_unit(text, at);
    if (is_invisible(unit.code)) return true;
    at += unit.size;
  }
  if (!escapes) return false;
  for (auto at = text.find("\\u"); at != std::string_view::npos; at = text.find("\\u", at + 2)) {
    if (is_invisible(escaped_unit(text, at).code)) return true;
  }
  return false;
}

/// The body of the string that begins at or after `from`; moves `from` behind it.
std::optional<std::string_view> next_string(std::string_view json, std::size_t& from) {
  const auto open = json.find('"', from);
  if (open == std::string_view::npos) return std::nullopt;
  auto close = json.find_first_of("\"\\", open + 1);
  while (close < json.size() && json[close] == '\\') {
    close = json.find_first_of("\"\\", close + 2);
  }
  close = std::min(close, json.size());
  from = close + 1;
  return json.substr(open + 1, close - open - 1);
}

// ── suspicious text
// ───────────────────────────────────────────────────────────────────────────────

using Words = std::initializer_list<std::string_view>;

bool one_of(std::string_view word, Words words) {
  return std::ranges::find(words, word) != words.end();
}
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// Between the texts of a definition: no phrase goes across.
constexpr char separator = '\x1E';

/// Up to `count` words from `at` on.
std::vector<std::string_view> words_from(std::string_view text, std::size_t at, std::size_t count) {
  std::vector<std::string_view> words;
  while (at < text.size() && words.size() < count && text[at] != separator) {
    const auto begin = at;
    while (at < text.size() && is_letter(text[at])) ++at;
    if (at > begin) {
      words.push_back(text.substr(begin, at - begin));
    } else {
      ++at;
    }
  }
  return words;
}

std::string joined(const std::vector<std::string_view>& words, std::size_t count) {
  return fmt::format("{}", fmt::join(words.begin(), words.begin() + static_cast<long>(count), " "));
}

/// "ignore all previous instructions", "disregard your system prompt", "forget everything above".
std::optional<std::string> overrides_instructions(std::string_view text, std::size_t at) {
  const auto words = words_from(text, at, 8);
  bool strong = false;  // the instructions the model already has
  bool weak = false;
  bool noun = false;
  bool order = false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    strong |= one_of(
        words[i], {"previous", "prior", "above", "earlier", "preceding", "foregoing", "your"}
    );
    weak |= one_of(words[i], {"all", "any", "other", "these", "those", "system"});
    order |= one_of(words[i], {"instruction", "instructions", "prompt", "prompts", "directives"});
    noun |= order || one_of(
                         words[i], {"rules", "guidelines", "guardrails", "directions", "context",
                                    "everything", "restrictions", "messages"}
                     );
    if ((strong && noun) || (weak && order)) return joined(words, i + 1);
  }
  return std::nullopt;
}

/// "do not tell the user", "never mention this to the user".
std::optional<std::string> keeps_secret(std::string_view text, std::size_t at) {
  const auto words = words_from(text, at, 12);
  if (words.size() < 3) return std::nullopt;
  const bool negated = (one_of(words[0], {"do", "must", "should", "shall"}) && words[1] == "not") ||
                       (words[0] == "don" && words[1] == "t");
  if (!negated && words[0] != "dont" && words[0] != "never") return std::nullopt;
  const std::size_t verb = negated ? 2 : 1;
  bool told = false;
  for (std::size_t i = verb; i < words.size(); ++i) {
    told |= i < verb + 3 && one_of(
                                words[i], {"tell", "inform", "mention", "reveal", "notify", "alert",
                                           "disclose", "show", "let", "warn"}
                            );
    if (told && one_of(words[i], {"user", "users", "human", "humans"})) return joined(words, i + 1);
  }
  return std::nullopt;
}

std::optional<std::string> phrase_at(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  // Asked at every word of every description: literals of known length compare as integers.
  const auto begins = [rest](auto... words) { return (rest.starts_with(words) || ...); };
  switch (text[at]) {
    case 'b':
    case 'f':
    case 'i':
    case 'o':
      if (begins("bypass"sv, "forget"sv, "ignore"sv, "override"sv))
        return overrides_instructions(text, at);
      return std::nullopt;
    case 'd':
      if (begins("disregard"sv)) return overrides_instructions(text, at);
      [[fallthrough]];
    case 'm':
    case 'n':
    case 's':
      if (begins("do "sv, "don"sv, "must "sv, "never "sv, "shall "sv, "should "sv)) {
        return keeps_secret(text, at);
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<std::string_view> literal_at(std::string_view text, std::size_t at) {
  static constexpr std::array literals = {
      std::string_view("<!--"),      std::string_view("<important>"),
      std::string_view("<system>"),  std::string_view("<secret>"),
      std::string_view("<hidden>"),  std::string_view("<|im_start|>"),
      std::string_view("[inst]"),    std::string_view("<<sys>>"),
      std::string_view("/.ssh/id_"), std::string_view("/.cursor/mcp.json"),
  };
  const auto rest = text.substr(at);
  const auto found =
      std::ranges::find_if(literals, [&](std::string_view l) { return rest.starts_with(l); });
  return found == literals.end() ? std::nullopt : std::optional(*found);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool has_tags(std::string_view text) {
  if (text.find("\xF3\xA0") == std::string_view::npos) return false;
  const auto units = units_of(text, false);
  return std::ranges::any_of(units, [](const Unit& unit) { return is_tag(unit.code); });
}

}  // namespace

std::optional<std::string> suspicious(std::string_view description) {
  std::string text;
  if (holds_invisible(description, false)) {
    append_visible(text, description, false);
    text = lower(text);
  } else {
    text = lower(description);
  }
  const std::string_view view = text;
  bool inside_word = false;
  for (std::size_t at = 0; at < view.size(); ++at) {
    const char c = view[at];
    if (is_letter(c)) {
      if (!inside_word) {
        if (const auto phrase = phrase_at(view, at)) {
          return fmt::format(
              "it says \"{}\", which speaks to the model, not about the tool", *phrase
          );
        }
      }
      inside_word = true;
      continue;
    }
    inside_word = false;
    if (c != '<' && c != '[' && c != '/') continue;
    if (const auto literal = literal_at(view, at)) {
      return fmt::format(
          "it contains \"{}\", which descriptions of tools have no use for", *literal
      );
    }
  }
  if (has_tags(description)) return "it carries hidden text in Unicode TAG characters";
  return std::nullopt;
}

std::string readable_text(std::string_view definition) {
  if (definition.find('\\') == std::string_view::npos) {
    // Every quote is the border of a string here. What stands between strings says nothing to
    // anybody.
    std::string out(definition);
    std::ranges::replace(out, '"', separator);
    return out;
  }
  std::string out;
  out.reserve(definition.size());
  std::size_t at = 0;
  while (const auto body = next_string(definition, at)) {
    if (body->find('\\') == std::string_view::npos) {
      out += *body;
    } else {
      out += protocol::unescape({body->data() - 1, body->size() + 2});
    }
    out += separator;
  }
  return out;
}

std::string without_invisible(std::string_view definition) {
  if (!holds_invisible(definition, true)) return std::string(definition);
  std::string out;
  out.reserve(definition.size());
  std::size_t copied = 0;
  std::size_t at = 0;
  while (const auto body = next_string(definition, at)) {
    if (!holds_invisible(*body, true)) continue;
    const auto begin = static_cast<std::size_t>(body->data() - definition.data());
    out.append(definition, copied, begin - copied);
    append_visible(out, *body, true);
    copied = begin + body->size();
  }
  out.append(definition, copied);
  return out;
}

}  // namespace mooring::gateway
