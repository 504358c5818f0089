#include "config/block_edit.hpp"

#include <algorithm>
#include <vector>

#include "config/values.hpp"
#include "config/written.hpp"

namespace mooring::config {
namespace {

/// A text as lines, each with its end.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    while (!text.empty()) {
      const auto size = std::min(text.find('\n'), text.size() - 1) + 1;
      lines_.push_back(text.substr(0, size));
      text.remove_prefix(size);
    }
  }

  std::size_t count() const { return lines_.size(); }
  std::string_view at(std::size_t index) const { return lines_[index]; }
  bool blank(std::size_t index) const { return trim(lines_[index]).empty(); }
  bool comment(std::size_t index) const { return trim(lines_[index]).starts_with('#'); }
  std::size_t indent(std::size_t index) const {
    return std::min(lines_[index].find_first_not_of(' '), lines_[index].size());
  }

  /// The text with the lines [begin, end) replaced.
  std::string with(
      std::size_t begin, std::size_t end, std::string_view instead, std::string_view eol
  ) const {
    std::string out;
    for (std::size_t i = 0; i < begin; ++i) out += lines_[i];
    if (!instead.empty() && !out.empty() && !out.ends_with('\n')) out += eol;
    out += instead;
    for (std::size_t i = end; i < lines_.size(); ++i) out += lines_[i];
    return out;
  }

 private:
  std::vector<std::string_view> lines_;
};

/// The line (from 0) that ends what stands before it: that of the next key, or the end of the
/// document.
std::size_t next_line(const Lines& lines, const Document& document, Entry entry) {
  const auto& root = document.root.members;
  const auto& servers = root.at(entry.group).value.members;
  if (entry.index + 1 < servers.size()) return servers[entry.index + 1].at.line - 1;
  if (entry.group + 1 < root.size()) return root[entry.group + 1].at.line - 1;
  for (std::size_t i = servers.empty() ? 0 : servers.back().at.line; i < lines.count(); ++i) {
    if (lines.at(i).starts_with("...")) return i;
  }
  return lines.count();
}

/// Without the blank lines and comments before `end` that belong to what follows: comments that are
/// indented less than `indent`.
std::size_t without_tail(
    const Lines& lines, std::size_t begin, std::size_t end, std::size_t indent
) {
  while (end > begin + 1 &&
         (lines.blank(end - 1) || (lines.comment(end - 1) && lines.indent(end - 1) < indent))) {
    --end;
  }
  return end;
}

/// Lines of one server, its comments above not among them. Nothing: the lines are not its own, as
/// with anchors and keys that are written with `?`.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t indent = 0;
};
std::optional<Range> range_of(const Lines& lines, const Document& document, Entry entry) {
  const auto& group = document.root.members.at(entry.group);
  const auto& server = group.value.members.at(entry.index);
  Range out;
  out.begin = server.at.line - 1;
  out.end = next_line(lines, document, entry);
  out.indent = server.at.column - 1;
  if (server.at.line <= group.at.line || out.begin >= lines.count() || out.end <= out.begin ||
      out.end > lines.count() || lines.indent(out.begin) != out.indent) {
    return {};
  }
  return out;
}

std::string step_of(const Document& document, std::size_t group, const FileStyle& style) {
  const auto& member = document.root.members.at(group);
  if (member.value.members.empty()) return style.step;
  const auto inner = member.value.members.front().at.column;
  return inner > member.at.column ? std::string(inner - member.at.column, ' ') : style.step;
}

}  // namespace

std::optional<std::string> block_insert(
    std::string_view text, const Document& document, std::size_t group, const Member& server,
    const FileStyle& style
) {
  const Lines lines(text);
  const auto& member = document.root.members.at(group);
  if (member.value.members.empty()) {
    const std::string indent(member.at.column - 1 + style.step.size(), ' ');
    return lines.with(
        member.at.line, member.at.line, written_yaml(server, indent, style.step, style.eol),
        style.eol
    );
  }
  const auto last = range_of(lines, document, {group, member.value.members.size() - 1});
  if (!last) return {};
  const auto end = without_tail(lines, last->begin, last->end, last->indent);
  const auto entry = written_yaml(
      server, std::string(last->indent, ' '), step_of(document, group, style), style.eol
  );
  return lines.with(end, end, entry, style.eol);
}

std::optional<std::string> block_replace(
    std::string_view text, const Document& document, Entry entry, const Member& server,
    const FileStyle& style
) {
  const Lines lines(text);
  const auto range = range_of(lines, document, entry);
  if (!range) return {};
  const auto end = without_tail(lines, range->begin, range->end, range->indent + 1);
  return lines.with(
      range->begin, end,
      written_yaml(
          server, std::string(range->indent, ' '), step_of(document, entry.group, style), style.eol
      ),
      style.eol
  );
}

std::optional<std::string> block_erase(
    std::string_view text, const Document& document, Entry entry
) {
  const Lines lines(text);
  const auto range = range_of(lines, document, entry);
  if (!range) return {};
  const auto begin = range->begin;
  auto end = without_tail(lines, begin, range->end, range->indent + 1);
  // Of the blank lines around it one is enough, and none below the key of the servers.
  const bool first = begin == document.root.members.at(entry.group).at.line;
  if ((first || lines.blank(begin - 1)) && end < lines.count() && lines.blank(end)) ++end;
  return lines.with(begin, end, "", "");
}

std::optional<std::string> block_fill(
    std::string_view text, const Document& document, std::size_t group, const FlowMap& braces,
    const Member& server, const FileStyle& style
) {
  std::string out(text);
  auto begin = braces.open;
  while (begin > 0 && out[begin - 1] == ' ') --begin;
  out.erase(begin, braces.close + 1 - begin);
  Document emptied = document;
  emptied.root.members.at(group).value = {};
  return block_insert(out, emptied, group, server, style);
}

std::string block_append(
    std::string_view text, const Document& document, const Member& group, const FileStyle& style
) {
  const auto& root = document.root.members;
  const std::string indent(root.empty() ? 0 : root.front().at.column - 1, ' ');
  const Lines lines(text);
  auto end = lines.count();
  for (std::size_t i = 0; i < lines.count(); ++i) {
    if (lines.at(i).starts_with("...")) end = std::min(end, i);
  }
  return lines.with(end, end, written_yaml(group, indent, style.step, style.eol), style.eol);
}

}  // namespace mooring::config
