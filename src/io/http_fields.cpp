#include "io/http_fields.hpp"

#include "io/http_syntax.hpp"

namespace mooring::io {

/// Of every value that goes over several lines, one line: each fold becomes one space (RFC 9112
/// §5.2).
void HttpFields::unfold() {
  for (auto& field : std::span(room_).first(size_)) {
    char* const begin = bytes_.data() + field.value.at;
    char* out = begin;
    const char* const last = begin + field.value.size;
    for (const char* p = begin; p < last;) {
      const char* line = http_syntax::skip_blanks(p, last);
      const char* end = http_syntax::skip_text(line, last);
      p = end == last ? last : end + 2;
      while (end != line && http_syntax::is_blank(end[-1])) --end;
      if (end == line) continue;
      if (out != begin) *out++ = ' ';
      while (line != end) *out++ = *line++;
    }
    field.value.size = static_cast<std::uint32_t>(out - begin);
  }
}

}  // namespace mooring::io
