#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/utf8.hpp"

namespace mooring::cli {

namespace {

struct Range {
  std::uint32_t first, last;
};

// The blocks that matter in practice, not the whole of UAX #11.
constexpr std::array nothing = {
    Range{0x0300, 0x036F}, Range{0x200B, 0x200F}, Range{0x20D0, 0x20F0},
    Range{0xFE00, 0xFE0F}, Range{0xFEFF, 0xFEFF}, Range{0xE0000, 0xE01EF},
};
constexpr std::array wide = {
    Range{0x1100, 0x115F},   Range{0x2E80, 0xA4CF},   Range{0xAC00, 0xD7A3},
    Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
    Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF},
    Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD},
};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, std::uint32_t code) {
  return std::ranges::any_of(ranges, [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

struct Character {
  std::size_t size;
  std::size_t width;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (byte(at) < 0x80) return {1, 1};
  const auto step = core::utf8_step(text, at);
  if (!step.valid) return {step.size, 1};
  auto code = static_cast<std::uint32_t>(byte(at) & (0xFFU >> (step.size + 1)));
  for (std::size_t i = 1; i < step.size; ++i) code = code << 6 | (byte(at + i) & 0x3FU);
  return {step.size, is_in(nothing, code) ? 0U : is_in(wide, code) ? 2U : 1U};
}

bool is_control(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte < 0x20 || byte == 0x7F;
}

/// C1 controls, which some terminals obey, are C2 80 … C2 9F in UTF-8.
bool is_c1(std::string_view text, std::size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() &&
         static_cast<std::uint8_t>(text[at + 1]) >= 0x80 &&
         static_cast<std::uint8_t>(text[at + 1]) < 0xA0;
}

template <class Keep>
std::string without_controls(std::string_view text, Keep&& keep) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_c1(text, at)) {
      ++at;
    } else if (!is_control(text[at]) || keep(text[at])) {
      out += text[at];
    }
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = character_at(text, at);
    width += character.width;
    at += character.size;
  }
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (width == 0 || display_width(text) <= width) return std::string(text);
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto character = character_at(text, at);
    if (used + character.width + 1 > width) break;
    used += character.width;
    at += character.size;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string one_line(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  std::string out;
  out.reserve(text.size());
  for (const char c : without_controls(text, blank)) {
    if (!blank(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string harmless(std::string_view text) {
  return without_controls(text, [](char c) { return c == '\n' || c == '\t'; });
}

std::string table(
    const std::vector<std::vector<std::string>>& rows, std::size_t width, std::size_t indent
) {
  std::vector<std::size_t> columns;
  for (const auto& row : rows) {
    if (columns.size() < row.size()) columns.resize(row.size());
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      columns[i] = std::max(columns[i], display_width(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line(indent, ' ');
    std::size_t used = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i + 1 < row.size()) {
        const auto padding = columns[i] - display_width(row[i]) + 2;
        line += row[i] + std::string(padding, ' ');
        used += columns[i] + 2;
      } else {
        // A description that has no room left is worth its first words on a line that wraps.
        line += width == 0 ? row[i]
                           : cut(row[i], std::max<std::size_t>(width - std::min(width, used), 20));
      }
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  }
  return out;
}

}  // namespace mooring::cli
