#include "protocol/json_scan.hpp"

#include <algorithm>
#include <cstdint>

#include "core/json_quote.hpp"
#include "core/utf8.hpp"
#include "protocol/json_cursor.hpp"
#include "protocol/json_reader.hpp"

namespace mooring::protocol {
namespace cursor {
namespace {

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    value <<= 4;
    if (c >= '0' && c <= '9') value |= static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') value |= static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') value |= static_cast<std::uint32_t>(c - 'A' + 10);
  }
  return value;
}

/// The \uXXXX at `at` (on its backslash), with the second half of a surrogate pair. Moves `at`
/// behind it.
std::uint32_t take_code_point(std::string_view inner, std::size_t& at) {
  std::uint32_t code = hex4(inner.substr(at + 2, 4));
  at += 6;
  if (code < 0xD800 || code > 0xDFFF) return code;
  if (code <= 0xDBFF && at + 6 <= inner.size() && inner[at] == '\\' && inner[at + 1] == 'u') {
    const std::uint32_t low = hex4(inner.substr(at + 2, 4));
    if (low >= 0xDC00 && low <= 0xDFFF) {
      at += 6;
      return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
  }
  return 0xFFFD;
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

}  // namespace

void append_unescaped(std::string& out, std::string_view inner) {
  std::size_t at = 0;
  while (at < inner.size()) {
    const std::size_t escape = std::min(inner.find('\\', at), inner.size());
    out.append(inner, at, escape - at);
    at = escape;
    if (at + 1 >= inner.size()) return;
    if (inner[at + 1] == 'u' && at + 6 <= inner.size()) {
      core::append_utf8(out, take_code_point(inner, at));
    } else {
      out += simple_escape(inner[at + 1]);
      at += 2;
    }
  }
}

}  // namespace cursor

namespace {

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(cursor::skip_space(text, 0));
  while (!text.empty() && cursor::is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view slice(std::string_view text, std::size_t begin, std::size_t end) {
  return text.substr(begin, end - begin);
}

}  // namespace

std::optional<std::string> validate(std::string_view text, const JsonLimits& limits) {
  const std::string owned(text);
  JsonReader reader(owned, limits.max_depth);
  const std::size_t end = reader.value(reader.space(0));
  if (end == JsonReader::failed || reader.end(end) == JsonReader::failed) return reader.wrong();
  return std::nullopt;
}

std::optional<std::string_view> member(std::string_view object, std::string_view key) {
  std::optional<std::string_view> found;
  object = trimmed(object);
  if (!is_object(object)) return found;
  cursor::members(
      object, 0,
      [&](std::size_t k, std::size_t k_end, std::size_t v, std::size_t v_end) {
        if (cursor::key_is(slice(object, k, k_end), key)) found = slice(object, v, v_end);
        return true;
      }
  );
  return found;
}

void for_each_member(
    std::string_view object, const std::function<bool(std::string_view, std::string_view)>& visit
) {
  object = trimmed(object);
  if (!is_object(object)) return;
  cursor::members(
      object, 0,
      [&](std::size_t k, std::size_t k_end, std::size_t v, std::size_t v_end) {
        return visit(slice(object, k, k_end), slice(object, v, v_end));
      }
  );
}

void for_each_element(std::string_view array, const std::function<bool(std::string_view)>& visit) {
  array = trimmed(array);
  if (!is_array(array)) return;
  std::size_t at = cursor::skip_space(array, 1);
  while (at < array.size() && array[at] != ']') {
    const std::size_t end = cursor::skip_value(array, at);
    if (!visit(slice(array, at, end))) return;
    at = cursor::skip_space(array, end);
    if (at >= array.size() || array[at] != ',') return;
    at = cursor::skip_space(array, at + 1);
  }
}

std::string unescape(std::string_view raw) {
  std::string out;
  if (raw.size() < 2 || !is_string(raw)) return out;
  const std::string_view inner = raw.substr(1, raw.size() - 2);
  out.reserve(inner.size());
  cursor::append_unescaped(out, inner);
  return out;
}

std::string quote(std::string_view text) { return core::json_quote(text); }

std::string string_member(std::string_view object, std::string_view key) {
  const auto raw = member(object, key);
  return raw ? unescape(*raw) : std::string();
}

std::string with_member(std::string_view object, std::string_view key, std::string_view value) {
  object = trimmed(object);
  std::string out;
  out.reserve(object.size() + key.size() + value.size() + 8);
  if (!is_object(object)) {
    out += '{';
    core::append_json_quoted(out, key);
    out.append(":").append(value).append("}");
    return out;
  }
  std::size_t copied = 0;
  bool replaced = false;
  bool empty = true;
  std::size_t last_end = 1;
  cursor::members(
      object, 0,
      [&](std::size_t k, std::size_t k_end, std::size_t v, std::size_t v_end) {
        empty = false;
        last_end = v_end;
        if (cursor::key_is(slice(object, k, k_end), key)) {
          out.append(slice(object, copied, v)).append(value);
          copied = v_end;
          replaced = true;
        }
        return true;
      }
  );
  if (!replaced) {
    out.append(slice(object, 0, last_end)).append(empty ? "" : ",");
    core::append_json_quoted(out, key);
    out.append(":").append(value);
    copied = last_end;
  }
  out.append(object.substr(copied));
  return out;
}

std::string without_member(std::string_view object, std::string_view key) {
  object = trimmed(object);
  if (!is_object(object)) return std::string(object);
  std::string out = "{";
  out.reserve(object.size());
  cursor::members(object, 0, [&](std::size_t k, std::size_t k_end, std::size_t, std::size_t v_end) {
    if (cursor::key_is(slice(object, k, k_end), key)) return true;
    if (out.size() > 1) out += ',';
    out.append(slice(object, k, v_end));
    return true;
  });
  return out += '}';
}

bool is_one_line(std::string_view json) {
  // Two searches for one character each are much faster than one for either.
  return json.find('\n') == std::string_view::npos && json.find('\r') == std::string_view::npos;
}

std::string one_line(std::string_view json) {
  if (is_one_line(json)) return std::string(json);
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const std::size_t end = std::min(json.find_first_of("\r\n"), json.size());
    out.append(json.substr(0, end));
    json.remove_prefix(std::min(end + 1, json.size()));
  }
  return out;
}

}  // namespace mooring::protocol
