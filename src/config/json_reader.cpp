#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "config/document.hpp"

namespace mooring::config {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  auto put = [&](std::uint32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 8259 plus comments and trailing commas. Boost.JSON's parser keeps no positions, which is why
/// this one exists. Methods return false after `fail`, and nothing reads on after that.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  std::expected<Node, Problem> read() {
    Node root;
    if (skip() && value(root, 0) && skip() && !at_end()) {
      fail("there is text after the closing brace of the file");
    }
    if (problem_) return std::unexpected(std::move(*problem_));
    return root;
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  void advance() {
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    if (byte == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((byte & 0xC0) != 0x80) {
      ++here_.column;
    }
  }

  bool fail(std::string text) { return fail_at(here_, std::move(text)); }
  bool fail_at(Position at, std::string text) {
    if (!problem_) problem_ = Problem{at, std::move(text)};
    return false;
  }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    for (std::size_t i = 0; i < word.size(); ++i) advance();
    return true;
  }

  /// Blanks and comments.
  bool skip() {
    while (!at_end()) {
      const char c = peek();
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        advance();
      } else if (take("//")) {
        while (!at_end() && peek() != '\n') advance();
      } else if (text_.substr(at_).starts_with("/*")) {
        if (!block_comment()) return false;
      } else {
        break;
      }
    }
    return true;
  }

  bool block_comment() {
    const Position begin = here_;
    take("/*");
    while (!at_end()) {
      if (take("*/")) return true;
      advance();
    }
    return fail_at(begin, "this comment is never closed");
  }

  bool value(Node& out, int depth) {
    if (depth > max_depth) return fail("values are nested more than 64 deep");
    if (++nodes_ > max_nodes) return fail("the file holds more than 100000 values");
    out.at = here_;
    switch (peek()) {
      case '{':
        return object(out, depth);
      case '[':
        return array(out, depth);
      case '"':
        out.kind = Node::Kind::string;
        return string(out.text);
      default:
        return word(out);
    }
  }

  bool word(Node& out) {
    if (peek() == '-' || is_digit(peek())) return number(out);
    if (take("null")) return true;
    for (const std::string_view text : {"true", "false"}) {
      if (!take(text)) continue;
      out.kind = Node::Kind::boolean;
      out.text = text;
      return true;
    }
    if (at_end()) return fail("the file ends in the middle of a value");
    if (peek() == '\'') return fail("strings stand in double quotes in JSON");
    return fail(fmt::format("a value is expected here, not {}", current()));
  }

  std::string current() const {
    if (at_end()) return "the end of the file";
    std::size_t size = 1;
    while (at_ + size < text_.size() &&
           (static_cast<unsigned char>(text_[at_ + size]) & 0xC0) == 0x80) {
      ++size;
    }
    return shown(text_.substr(at_, size));
  }

  bool digits() {
    if (!is_digit(peek())) return fail("a digit is missing in this number");
    while (is_digit(peek())) advance();
    return true;
  }

  bool number(Node& out) {
    const std::size_t begin = at_;
    if (peek() == '-') advance();
    if (peek() == '0') {
      advance();
      if (is_digit(peek())) return fail("a number cannot begin with 0");
    } else if (!digits()) {
      return false;
    }
    if (peek() == '.') {
      advance();
      if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      advance();
      if (peek() == '+' || peek() == '-') advance();
      if (!digits()) return false;
    }
    out.kind = Node::Kind::number;
    out.text = text_.substr(begin, at_ - begin);
    return true;
  }

  std::optional<std::uint32_t> hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      std::uint32_t digit = 0;
      if (is_digit(c)) {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<std::uint32_t>((c | 0x20) - 'a') + 10;
      } else {
        fail("\\u needs four hexadecimal digits");
        return std::nullopt;
      }
      code = code * 16 + digit;
      advance();
    }
    return code;
  }

  bool unicode(std::string& out) {
    auto code = hex4();
    if (!code) return false;
    if (*code >= 0xD800 && *code < 0xDC00) {
      if (!take("\\u")) return fail("half of a surrogate pair");
      const auto low = hex4();
      if (!low) return false;
      if (*low < 0xDC00 || *low > 0xDFFF) return fail("half of a surrogate pair");
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    } else if (*code >= 0xDC00 && *code <= 0xDFFF) {
      return fail("half of a surrogate pair");
    }
    append_utf8(out, *code);
    return true;
  }

  bool escape(std::string& out) {
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    if (take("u")) return unicode(out);
    const std::size_t index = at_end() ? std::string_view::npos : names.find(peek());
    if (index == std::string_view::npos) {
      return fail("unknown escape in a string; a backslash is written \\\\");
    }
    out += values[index];
    advance();
    return true;
  }

  bool string(std::string& out) {
    const Position begin = here_;
    advance();
    while (!at_end()) {
      const char c = peek();
      if (c == '"') {
        advance();
        return true;
      }
      if (c == '\n') return fail_at(begin, "this string is not closed on its line");
      if (static_cast<unsigned char>(c) < 0x20) {
        return fail("a control character in a string has to be escaped");
      }
      advance();
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return fail_at(begin, "this string is never closed");
  }

  bool array(Node& out, int depth) {
    out.kind = Node::Kind::list;
    const Position begin = here_;
    advance();
    while (true) {
      if (!skip()) return false;
      if (take("]")) return true;
      if (at_end()) return fail_at(begin, "this [ is never closed");
      if (!value(out.items.emplace_back(), depth + 1) || !skip()) return false;
      if (take(",") || peek() == ']') continue;
      if (at_end()) return fail_at(begin, "this [ is never closed");
      return fail(fmt::format("a comma or ] is expected here, not {}", current()));
    }
  }

  bool key(Node& out, std::unordered_map<std::string, std::uint32_t>& seen) {
    Member& member = out.members.emplace_back();
    member.at = here_;
    if (peek() != '"') {
      return fail(fmt::format("a key in double quotes is expected here, not {}", current()));
    }
    if (!string(member.key)) return false;
    const auto [first, fresh] = seen.emplace(member.key, member.at.line);
    if (!fresh) {
      return fail_at(
          member.at,
          fmt::format("key {} is repeated (first on line {})", shown(member.key), first->second)
      );
    }
    if (!skip()) return false;
    if (!take(":")) {
      return fail(fmt::format("a colon is expected after key {}", shown(member.key)));
    }
    return skip();
  }

  bool object(Node& out, int depth) {
    out.kind = Node::Kind::map;
    const Position begin = here_;
    std::unordered_map<std::string, std::uint32_t> seen;
    advance();
    while (true) {
      if (!skip()) return false;
      if (take("}")) return true;
      if (at_end()) return fail_at(begin, "this { is never closed");
      if (!key(out, seen) || !value(out.members.back().value, depth + 1) || !skip()) return false;
      if (take(",") || peek() == '}') continue;
      if (at_end()) return fail_at(begin, "this { is never closed");
      return fail(fmt::format("a comma or }} is expected here, not {}", current()));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Position here_;
  std::size_t nodes_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace

std::expected<Node, Problem> read_json(std::string_view text) { return JsonReader(text).read(); }

}  // namespace mooring::config
