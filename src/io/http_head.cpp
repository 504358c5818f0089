#include "io/http_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>

#include "core/json_quote.hpp"
#include "core/log.hpp"
#include "io/http_fields.hpp"

namespace mooring::io {

std::string_view reason_phrase(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  if (known == boost::beast::http::status::unknown) return "Status";
  const auto text = boost::beast::http::obsolete_reason(known);
  return {text.data(), text.size()};
}

bool is_safe_header_value(std::string_view value) {
  bool broken = false;  // without a way out of the loop it is a few vector instructions
  for (const char c : value) broken |= c == '\r' || c == '\n' || c == '\0';
  return !broken;
}

namespace {

constexpr auto token_characters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

}  // namespace

bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

namespace {

bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 10:
      return equals_ignoring_case(name, "connection");
    case 14:
      return equals_ignoring_case(name, "content-length");
    case 17:
      return equals_ignoring_case(name, "transfer-encoding");
    default:
      return false;
  }
}

}  // namespace

void append_response_head(
    std::string& out, int status, std::span<const HeaderField> headers,
    const ResponseFraming& framing
) {
  using Connection = ResponseFraming::Connection;
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {:03} {}\r\n", status, reason_phrase(status));
  }
  for (const auto& [name, value] : headers) {
    if (is_framing(name)) continue;
    if (!is_token(name) || !is_safe_header_value(value)) {
      core::log::warn("http", "left out a response header that is not one: {}", name);
      continue;
    }
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (framing.content_length) {
    const fmt::format_int digits(*framing.content_length);
    out.append("Content-Length: ").append(digits.data(), digits.size()).append("\r\n");
  }
  if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (framing.connection == Connection::close) out += "Connection: close\r\n";
  if (framing.connection == Connection::keep_alive) out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

std::string error_body(std::string_view text) {
  return fmt::format("{{\"error\":{}}}", core::json_quote(text));
}

}  // namespace mooring::io
