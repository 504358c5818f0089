#include "io/http_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/json_quote.hpp"
#include "core/log.hpp"
#include "io/http_fields.hpp"
#include "io/http_syntax.hpp"

namespace mooring::io {

namespace {

/// The registered ones (RFC 9110 §16.2).
constexpr std::pair<int, std::string_view> reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Entity"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* const found =
      std::ranges::lower_bound(reasons, status, {}, &std::pair<int, std::string_view>::first);
  return found != std::end(reasons) && found->first == status ? found->second : "Status";
}

bool is_safe_header_value(std::string_view value) {
  bool broken = false;  // without a way out of the loop it is a few vector instructions
  for (const char c : value) broken |= c == '\r' || c == '\n' || c == '\0';
  return !broken;
}

bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, http_syntax::is_token_character);
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
