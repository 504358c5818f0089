#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "io/http_server.hpp"

namespace mooring::io {

/// "Not Found"; "Status" for a number nobody registered.
std::string_view reason_phrase(int status);
/// Without CR, LF and NUL, and therefore unable to become two headers.
bool is_safe_header_value(std::string_view value);
bool is_token(std::string_view name);

struct ResponseFraming {
  enum class Connection { unsaid, keep_alive, close };
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  Connection connection = Connection::unsaid;
};

/// Appends a response head, empty line included. Of `headers`, framing fields (Content-Length,
/// Transfer-Encoding, Connection) and what could break the framing are left out.
void append_response_head(
    std::string& out, int status, std::span<const HeaderField> headers,
    const ResponseFraming& framing
);

/// {"error":"…"}
std::string error_body(std::string_view text);

}  // namespace mooring::io
