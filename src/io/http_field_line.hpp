#pragma once

#include <string_view>

#include "io/http_syntax.hpp"

namespace mooring::io {

/// One line of a header or trailer section (RFC 9112 §5).
struct HttpFieldLine {
  enum class Kind {
    field,
    fold,  ///< goes on with the value of the line before (obs-fold, §5.2): `value` is its text
    end,   ///< the empty line
    more,  ///< cut off; what is there is no mistake yet
    wrong  ///< `error` says what
  };

  Kind kind = Kind::more;
  std::string_view name{};
  std::string_view value{};    ///< without the blanks around it
  const char* next = nullptr;  ///< where the next line begins
  const char* error = nullptr;
};

/// Inlined: it is most of what a head costs.
[[gnu::always_inline]] inline HttpFieldLine read_field_line(const char* line, const char* last) {
  using Kind = HttpFieldLine::Kind;
  const auto wrong = [](const char* error) {
    return HttpFieldLine{.kind = Kind::wrong, .error = error};
  };
  HttpFieldLine read{.kind = Kind::field};
  const char* p = http_syntax::skip_token(line, last);
  if (p == last) return {};
  if (*p == ':' && p != line) {
    read.name = {line, static_cast<std::size_t>(p - line)};
    ++p;
  } else if (p == line && *p == '\r') {
    read.kind = Kind::end;
  } else if (p == line && http_syntax::is_blank(*p)) {
    read.kind = Kind::fold;
  } else {
    return wrong("bad field name");
  }
  p = http_syntax::skip_blanks(p, last);
  const char* end = http_syntax::skip_text(p, last);
  if (end == last) return {};
  if (*end != '\r') return wrong("bad field value");
  if (end + 1 == last) return {};
  if (end[1] != '\n') return wrong("bad line ending");
  read.next = end + 2;
  while (end != p && http_syntax::is_blank(end[-1])) --end;
  read.value = {p, static_cast<std::size_t>(end - p)};
  return read;
}

}  // namespace mooring::io
