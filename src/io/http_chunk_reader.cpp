#include "io/http_chunk_reader.hpp"

#include <algorithm>
#include <cstring>

#include "io/http_field_line.hpp"
#include "io/http_fields.hpp"

namespace mooring::io {

using http_syntax::is_blank;
using http_syntax::is_text;
using http_syntax::skip_blanks;
using http_syntax::skip_token;

namespace {

/// Less than 0: no hexadecimal digit.
int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const auto lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_framing(std::string_view name) {
  return equals_ignoring_case(name, "content-length") ||
         equals_ignoring_case(name, "transfer-encoding") ||
         equals_ignoring_case(name, "connection") || equals_ignoring_case(name, "proxy-connection");
}

}  // namespace

std::size_t HttpChunkReader::feed(std::string_view bytes) {
  piece_ = {};
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ != State::done && state_ != State::failed) {
    const auto rest = bytes.substr(taken);
    if (state_ == State::data) {
      if (!piece_.empty()) break;
      piece_ = rest.substr(0, left_);
      left_ -= piece_.size();
      taken += piece_.size();
      if (left_ == 0) state_ = State::data_end;
    } else if (const auto count = read_framing(rest); count > 0) {
      taken += count;
    } else {
      break;
    }
  }
  return taken;
}

/// One line; 0 where more is needed or it has failed.
std::size_t HttpChunkReader::read_framing(std::string_view bytes) {
  const char* const first = bytes.data();
  const char* const last = first + bytes.size();
  const char* next = nullptr;
  // A line is looked at again only once its end is there.
  looked_ = std::min(looked_, bytes.size());
  if (looked_ == 0 || std::memchr(first + looked_, '\n', bytes.size() - looked_) != nullptr) {
    switch (state_) {
      case State::size:
        next = read_size(first, last);
        break;
      case State::data_end:
        next = read_data_end(first, last);
        break;
      default:
        next = read_trailer(first, last);
        break;
    }
  }
  if (state_ == State::failed) return 0;
  const auto taken = next == nullptr ? 0 : static_cast<std::size_t>(next - first);
  looked_ = next == nullptr ? bytes.size() : 0;
  if (std::max(taken, trailer_bytes_ + looked_) > most_framing) fail("chunk framing too long");
  return state_ == State::failed ? 0 : taken;
}

const char* HttpChunkReader::read_data_end(const char* p, const char* last) {
  const char* const next = read_line_end(p, last, "bad chunk");
  if (next != nullptr) state_ = State::size;
  return next;
}

const char* HttpChunkReader::read_size(const char* line, const char* last) {
  std::uint64_t size = 0;
  const char* p = line;
  for (; p != last; ++p) {
    const int digit = digit_of(*p);
    if (digit < 0) break;
    if (size >> 60 != 0) return fail("chunk too large");
    size = size << 4 | static_cast<std::uint64_t>(digit);
  }
  if (p == last) return nullptr;
  if (p == line) return fail("bad chunk size");
  if (*p != '\r') p = read_extensions(p, last);
  if (p == nullptr) return nullptr;
  const char* const next = read_line_end(p, last, "bad chunk extension");
  if (next == nullptr) return nullptr;
  left_ = size;
  state_ = size > 0 ? State::data : State::trailer;
  return next;
}

const char* HttpChunkReader::read_extensions(const char* p, const char* last) {
  while (p != nullptr && p != last && (*p == ';' || is_blank(*p))) {
    p = skip_blanks(p, last);
    if (p == last) return nullptr;
    if (*p != ';') return fail("bad chunk extension");
    p = read_extension(p + 1, last);
  }
  return p == last ? nullptr : p;
}

/// A name and perhaps a value (§7.1.1).
const char* HttpChunkReader::read_extension(const char* p, const char* last) {
  const auto read_token = [&](const char* begin) {
    const char* const end = skip_token(begin, last);
    if (end == last) return static_cast<const char*>(nullptr);
    return end == begin ? fail("bad chunk extension") : end;
  };
  p = read_token(skip_blanks(p, last));
  if (p == nullptr) return nullptr;
  const char* const mark = skip_blanks(p, last);
  if (mark == last) return nullptr;
  if (*mark != '=') return p;
  p = skip_blanks(mark + 1, last);
  if (p == last) return nullptr;
  return *p == '"' ? read_quoted(p + 1, last) : read_token(p);
}

const char* HttpChunkReader::read_quoted(const char* p, const char* last) {
  for (bool escaped = false; p != last; ++p) {
    if (!is_text(*p)) return fail("bad chunk extension");
    if (escaped) {
      escaped = false;
    } else if (*p == '"') {
      return p + 1;
    } else {
      escaped = *p == '\\';
    }
  }
  return nullptr;
}

const char* HttpChunkReader::read_trailer(const char* line, const char* last) {
  using Kind = HttpFieldLine::Kind;
  const auto read = read_field_line(line, last);
  switch (read.kind) {
    case Kind::field:
      if (is_framing(read.name)) return fail("bad trailer");
      break;
    case Kind::fold:
      if (trailer_bytes_ == 0) return fail("bad trailer");
      break;
    case Kind::end:
      state_ = State::done;
      break;
    case Kind::more:
      return nullptr;
    case Kind::wrong:
      return fail(read.error);
  }
  trailer_bytes_ += static_cast<std::size_t>(read.next - line);
  return read.next;
}

const char* HttpChunkReader::read_line_end(const char* p, const char* last, const char* otherwise) {
  if (p == last) return nullptr;
  if (*p != '\r') return fail(otherwise);
  if (p + 1 == last) return nullptr;
  return p[1] == '\n' ? p + 2 : fail("bad line ending");
}

const char* HttpChunkReader::fail(const char* error) {
  state_ = State::failed;
  error_ = error;
  return nullptr;
}

}  // namespace mooring::io
