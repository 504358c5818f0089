#include "config/flow_map.hpp"

#include <algorithm>

namespace mooring::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_mark(char c) { return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'; }

/// Offsets only: what the text means is known from the parser already.
class Scanner {
 public:
  Scanner(std::string_view text, Syntax syntax) : text_(text), syntax_(syntax) {}

  std::size_t skip(std::size_t at) const {
    for (;;) {
      while (is_blank(peek(at))) ++at;
      if (syntax_ == Syntax::json && text_.substr(at).starts_with("/*")) {
        const auto end = text_.find("*/", at + 2);
        at = end == std::string_view::npos ? text_.size() : end + 2;
      } else if (begins_line_comment(at)) {
        at = std::min(text_.find('\n', at), text_.size());
      } else {
        return at;
      }
    }
  }

  std::optional<FlowMap> map(std::size_t at) const {
    if (peek(at) != '{') return {};
    FlowMap out;
    out.open = at;
    at = skip(at + 1);
    while (peek(at) != '}') {
      FlowMap::Member member;
      member.key = at;
      const auto colon = skip(value_end(at));
      if (peek(colon) != ':') return {};
      member.value = member.end = skip(colon + 1);
      if (peek(member.value) != ',' && peek(member.value) != '}') {
        member.end = value_end(member.value);
      }
      at = skip(member.end);
      if (peek(at) == ',') {
        member.comma = at;
        at = skip(at + 1);
      } else if (peek(at) != '}') {
        return {};
      }
      out.members.push_back(member);
    }
    out.close = at;
    return out;
  }

 private:
  char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  bool begins_line_comment(std::size_t at) const {
    if (syntax_ == Syntax::json) return text_.substr(at).starts_with("//");
    return peek(at) == '#' && (at == 0 || is_blank(text_[at - 1]));
  }

  /// Behind the value that begins at `at`; always further than that, except at the end.
  std::size_t value_end(std::size_t at) const {
    const char c = peek(at);
    if (c == '"') return quoted_end(at);
    if (c == '\'' && syntax_ == Syntax::yaml) return quoted_end(at);
    if (c == '{' || c == '[') return nested_end(at);
    return plain_end(at);
  }

  std::size_t quoted_end(std::size_t at) const {
    const char quote = text_[at++];
    while (at < text_.size() && text_[at] != quote) {
      at += quote == '"' && text_[at] == '\\' ? 2 : 1;
    }
    at = std::min(at + 1, text_.size());
    // '' inside single quotes stands for one.
    return quote == '\'' && peek(at) == '\'' ? quoted_end(at) : at;
  }

  std::size_t nested_end(std::size_t at) const {
    // A closing mark can only be the right one: the text parses.
    for (int depth = 0; at < text_.size(); at = skip(at)) {
      const char c = text_[at];
      if (c == '{' || c == '[') {
        ++depth;
        ++at;
      } else if (c == '}' || c == ']') {
        ++at;
        if (--depth == 0) return at;
      } else if (c == ',' || c == ':') {
        ++at;
      } else {
        at = value_end(at);
      }
    }
    return at;
  }

  std::size_t plain_end(std::size_t at) const {
    const auto begin = at;
    for (; at < text_.size() && !is_mark(text_[at]); ++at) {
      if (text_[at] == ':' && (syntax_ == Syntax::json || is_blank(peek(at + 1)) ||
                               is_mark(peek(at + 1)) || at + 1 == text_.size())) {
        break;
      }
      if (at > begin && begins_line_comment(at)) break;
      if (syntax_ == Syntax::json && (is_blank(text_[at]) || text_.substr(at).starts_with("/*"))) {
        break;
      }
    }
    while (at > begin && is_blank(text_[at - 1])) --at;
    return at > begin ? at : std::min(begin + 1, text_.size());
  }

  std::string_view text_;
  Syntax syntax_;
};

}  // namespace

std::optional<FlowMap> scan_flow_map(std::string_view text, std::size_t at, Syntax syntax) {
  return Scanner(text, syntax).map(at);
}

std::size_t skip_blank(std::string_view text, std::size_t at, Syntax syntax) {
  return Scanner(text, syntax).skip(at);
}

}  // namespace mooring::config
