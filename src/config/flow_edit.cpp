#include "config/flow_edit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/values.hpp"
#include "config/written.hpp"
#include "core/json_quote.hpp"

namespace mooring::config {
namespace {

std::size_t line_begin(std::string_view text, std::size_t at) {
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size());
}

std::string line_indent(std::string_view text, std::size_t at) {
  const auto begin = line_begin(text, at);
  const auto end = std::min(text.find_first_not_of(" \t", begin), text.size());
  return std::string(text.substr(begin, end - begin));
}

bool is_line_comment(std::string_view line, Syntax syntax) {
  line = trim(line);
  return line.starts_with(syntax == Syntax::json ? "//" : "#");
}

/// Behind the last thing in the map, a comment too.
std::size_t content_end(std::string_view text, const FlowMap& map) {
  auto at = map.close;
  while (at > map.open + 1 && trim(text.substr(at - 1, 1)).empty()) --at;
  return at;
}

}  // namespace

std::optional<std::string> own_indent(std::string_view text, std::size_t at) {
  const auto begin = line_begin(text, at);
  auto indent = line_indent(text, at);
  if (begin + indent.size() != at) return {};
  return indent;
}

std::string flow_insert(
    std::string_view text, const FlowMap& map, const Member& member, const FileStyle& style
) {
  const bool empty = map.members.empty();
  const auto indent = empty ? std::optional(line_indent(text, map.open) + style.step)
                            : own_indent(text, map.members.back().key);
  std::string out(text);
  if (!indent) {
    const auto entry = core::json_quote(member.key) + ": " + written_inline(member.value);
    return out.insert(map.members.back().end, ", " + entry);
  }
  auto entry = fmt::format(
      "{}{}{}: {}", style.eol, *indent, core::json_quote(member.key),
      written_json(member.value, *indent, style.step, style.eol)
  );
  const bool comma_behind = !empty && map.members.back().comma;
  if (comma_behind) entry += ',';
  const auto end = content_end(text, map);
  if (text.substr(end, map.close - end).find('\n') == std::string_view::npos) {
    entry += style.eol + line_indent(text, map.open);
  }
  out.insert(end, entry);
  if (!empty && !comma_behind) out.insert(map.members.back().end, ",");
  return out;
}

std::string flow_replace(
    std::string_view text, const FlowMap& map, std::size_t index, const Node& value,
    const FileStyle& style
) {
  const auto& member = map.members.at(index);
  const auto indent = own_indent(text, member.key);
  std::string out(text);
  return out.replace(
      member.value, member.end - member.value,
      indent ? written_json(value, *indent, style.step, style.eol) : written_inline(value)
  );
}

std::string flow_erase(
    std::string_view text, const FlowMap& map, std::size_t index, const FileStyle& style
) {
  const auto& member = map.members.at(index);
  auto begin = member.key;
  auto end = member.comma ? *member.comma + 1 : member.end;
  const auto* before = index == 0 ? nullptr : &map.members[index - 1];
  const auto rest = text.substr(end, line_end(text, end) - end);
  const bool last_on_line = trim(rest).empty() || is_line_comment(rest, style.syntax);
  const bool whole_lines = own_indent(text, begin) && last_on_line;
  if (whole_lines) {
    begin = line_begin(text, begin);
    end = std::min(line_end(text, end) + 1, text.size());
  } else if (member.comma) {
    end = std::min(text.find_first_not_of(" \t", end), text.size());
  }
  std::string out(text);
  out.erase(begin, end - begin);
  if (member.comma || before == nullptr || !before->comma) return out;
  // It was the last one: the comma before it has nothing to stand for any more, nor have the blanks
  // between them.
  const auto comma = *before->comma;
  const auto between = trim(std::string_view(out).substr(comma + 1, begin - comma - 1));
  return out.erase(comma, between.empty() && !whole_lines ? begin - comma : 1);
}

}  // namespace mooring::config
