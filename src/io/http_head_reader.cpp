#include "io/http_head_reader.hpp"

#include <algorithm>
#include <cstring>

namespace mooring::io {

using http_syntax::is_blank;
using http_syntax::skip_text;
using http_syntax::skip_token;
using http_syntax::skip_visible;

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// None: no number, or one that has no place in 64 bits.
std::optional<std::uint64_t> parse_length(std::string_view digits) {
  constexpr auto most = ~std::uint64_t{0};
  if (digits.empty()) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : digits) {
    if (!is_digit(c) || length > most / 10) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length * 10 > most - digit) return std::nullopt;
    length = length * 10 + digit;
  }
  return length;
}

/// Of a list (RFC 9110 §5.6.1), without the blanks around each.
template <class Visit>
void for_each_element(std::string_view list, Visit&& visit) {
  for (;;) {
    const auto comma = list.find(',');
    auto element = list.substr(0, comma);
    while (!element.empty() && is_blank(element.front())) element.remove_prefix(1);
    while (!element.empty() && is_blank(element.back())) element.remove_suffix(1);
    visit(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

void HttpHeadReader::reset() {
  fields_.clear();
  method_ = {};
  target_ = {};
  content_length_.reset();
  error_ = nullptr;
  looked_ = hosts_ = codings_ = 0;
  status_ = 0;
  state_ = State::start_line;
  http_1_1_ = true;
  close_ = kept_alive_ = folded_ = false;
}

std::size_t HttpHeadReader::feed(std::string_view bytes) {
  const char* const last = bytes.data() + bytes.size();
  const char* line = first_ = bytes.data();
  // A line is looked at again only once its end is there.
  looked_ = std::min(looked_, bytes.size());
  if (looked_ == 0 || std::memchr(line + looked_, '\n', bytes.size() - looked_) != nullptr) {
    if (state_ == State::start_line) {
      const char* const next =
          of_ == Of::request ? read_request_line(line, last) : read_status_line(line, last);
      if (next != nullptr) {
        line = next;
        state_ = State::fields;
      }
    }
    if (state_ == State::fields) line = read_fields(line, last);
  }
  const auto taken = static_cast<std::size_t>(line - first_);
  if (state_ == State::failed) {
    fields_.append(bytes);  // what was read can still be looked at
    return taken;
  }
  looked_ = state_ == State::done ? 0 : bytes.size() - taken;
  if (fields_.byte_count() + taken + looked_ > limit_) {
    state_ = State::too_large;
  }
  fields_.append(bytes.substr(0, taken));
  if (state_ == State::done) read_framing();
  return taken;
}

const char* HttpHeadReader::read_request_line(const char* p, const char* last) {
  const char* const method_end = skip_token(p, last);
  if (method_end == last) return nullptr;
  if (*method_end != ' ' || method_end == p) return fail("bad method");
  const char* const target = method_end + 1;
  const char* const target_end = skip_visible(target, last);
  if (target_end == last) return nullptr;
  if (*target_end != ' ' || target_end == target) return fail("bad target");
  const char* const version_end = read_version(target_end + 1, last);
  if (version_end == nullptr) return nullptr;
  const char* const next = read_line_end(version_end, last, "bad version");
  if (next == nullptr) return nullptr;
  method_ = slice({p, static_cast<std::size_t>(method_end - p)});
  target_ = slice({target, static_cast<std::size_t>(target_end - target)});
  return next;
}

const char* HttpHeadReader::read_status_line(const char* p, const char* last) {
  p = read_version(p, last);
  if (p == nullptr || last - p < 5) return nullptr;
  if (p[0] != ' ') return fail("bad version");
  if (!is_digit(p[1]) || p[1] == '0' || !is_digit(p[2]) || !is_digit(p[3]) || p[4] != ' ') {
    return fail("bad status");
  }
  status_ = (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
  return read_line_end(skip_text(p + 5, last), last, "bad reason phrase");
}

const char* HttpHeadReader::read_version(const char* p, const char* last) {
  constexpr std::string_view major = "HTTP/1.";
  if (last - p <= std::ssize(major)) {
    const auto there = static_cast<std::size_t>(last - p);
    return std::memcmp(p, major.data(), there) == 0 ? nullptr : fail("bad version");
  }
  if (std::memcmp(p, major.data(), major.size()) != 0) return fail("bad version");
  p += major.size();
  if (*p != '0' && *p != '1') return fail("bad version");
  http_1_1_ = *p == '1';
  return p + 1;
}

const char* HttpHeadReader::read_line_end(const char* p, const char* last, const char* otherwise) {
  if (p == last) return nullptr;
  if (*p != '\r') return fail(otherwise);
  if (p + 1 == last) return nullptr;
  return p[1] == '\n' ? p + 2 : fail("bad line ending");
}

const char* HttpHeadReader::read_fields(const char* line, const char* last) {
  using Kind = HttpFieldLine::Kind;
  for (;;) {
    const auto read = read_field_line(line, last);
    switch (read.kind) {
      case Kind::field:
        fields_.add({HttpFields::key_of(read.name), slice(read.name), slice(read.value)});
        break;
      case Kind::fold:
        if (fields_.size() == 0) {
          fail("bad field name");
          return line;
        }
        fields_.extend_last(slice(read.value));
        folded_ = true;
        break;
      case Kind::end:
        state_ = State::done;
        return read.next;
      case Kind::more:
        return line;
      case Kind::wrong:
        fail(read.error);
        return line;
    }
    line = read.next;
  }
}

void HttpHeadReader::read_framing() {
  constexpr auto key_of = HttpFields::key_of;
  if (folded_) fields_.unfold();
  for (const auto& field : fields_.all()) {
    const auto is = [&](std::string_view name) {
      return equals_ignoring_case(fields_.text(field.name), name);
    };
    switch (field.key) {
      case key_of("host"):
        if (is("host")) ++hosts_;
        break;
      case key_of("content-length"):
        if (is("content-length")) read_content_length(fields_.text(field.value));
        break;
      case key_of("transfer-encoding"):
        if (!is("transfer-encoding")) break;
        ++codings_;
        if (!equals_ignoring_case(fields_.text(field.value), "chunked"))
          fail("bad Transfer-Encoding");
        break;
      case key_of("connection"):
        if (is("connection")) read_connection(fields_.text(field.value));
        break;
      case key_of("proxy-connection"):
        if (is("proxy-connection")) read_connection(fields_.text(field.value));
        break;
      default:
        break;
    }
  }
  if (codings_ > 1 || (codings_ == 1 && content_length_)) fail("bad Transfer-Encoding");
}

void HttpHeadReader::read_content_length(std::string_view value) {
  if (const auto length = parse_length(value); length && !content_length_) {
    content_length_ = length;
    return;
  }
  for_each_element(value, [this](std::string_view element) {
    const auto length = parse_length(element);
    if (!length) {
      fail("bad Content-Length");
    } else if (content_length_ && *content_length_ != *length) {
      fail("multiple Content-Length");
    } else {
      content_length_ = length;
    }
  });
}

void HttpHeadReader::read_connection(std::string_view value) {
  if (equals_ignoring_case(value, "keep-alive")) {
    kept_alive_ = true;
    return;
  }
  for_each_element(value, [this](std::string_view element) {
    const char* const end = element.data() + element.size();
    if (skip_token(element.data(), end) != end) fail("bad Connection");
    close_ = close_ || equals_ignoring_case(element, "close");
    kept_alive_ = kept_alive_ || equals_ignoring_case(element, "keep-alive");
  });
}

const char* HttpHeadReader::fail(const char* error) {
  state_ = State::failed;
  error_ = error;
  return nullptr;
}

HttpFields::Slice HttpHeadReader::slice(std::string_view text) const {
  const auto at = fields_.byte_count() + static_cast<std::size_t>(text.data() - first_);
  return {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(text.size())};
}

}  // namespace mooring::io
