#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/url.hpp"

/// One HTTP exchange as the state machines of this room see it: they ask for one, and take what
/// came of it. Nobody here knows a socket.
namespace mooring::auth {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  core::Url url;
  Headers headers;
  std::string body;
  /// How long to wait before it is sent (device flow: the poll interval).
  core::Duration after{0};
};

struct Reply {
  int status = 0;  ///< 0: none came, `error` says why
  Headers headers;
  std::string body;
  std::string error;  ///< one line: "connection refused", "the answer is over 262144 bytes"

  /// The first header of this name (case does not matter); empty: none.
  std::string_view header(std::string_view name) const;
  bool ok() const { return status >= 200 && status < 300; }
};

/// POST of form fields, `application/x-www-form-urlencoded`.
Request form_post(
    const core::Url& url, const std::vector<std::pair<std::string, std::string>>& fields
);
/// "a=1&b=2", each encoded (WHATWG URL, "application/x-www-form-urlencoded serializing").
std::string form_encode(const std::vector<std::pair<std::string, std::string>>& fields);
/// One name or value, encoded likewise (also RFC 6749 §2.3.1 for Basic credentials).
std::string form_encode(std::string_view text);
/// The fields of a query or a form body, decoded, in their order.
std::vector<std::pair<std::string, std::string>> form_decode(std::string_view text);

}  // namespace mooring::auth
