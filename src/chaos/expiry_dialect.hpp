#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mooring::chaos {

/// The wire form of one answer to a request on a session that is gone. In `body` and
/// `header_value`, $ID stands for the raw id of the request (null without one) and $SESSION for the
/// session id, escaped for JSON.
struct ExpiryForm {
  int status = 404;
  std::string_view content_type;  ///< empty: no such header
  std::string_view body;
  std::string_view header_name = {};  ///< one more header
  std::string_view header_value = {};
  bool stays_open = false;  ///< an event stream that begins with `body` and never ends
};

/// What one kind of server sends, as seen in its source or in logs.
struct ExpiryDialect {
  std::string_view name;
  std::string_view source;  ///< whose form it is, for `--expiry-dialect list`
  ExpiryForm post;
  ExpiryForm get;
  ExpiryForm del;
  bool answers_ping = false;  ///< ping and notifications pass as if nothing had happened
};

std::span<const ExpiryDialect> expiry_dialects();
/// Null: unknown.
const ExpiryDialect* find_expiry_dialect(std::string_view name);
/// The form for an HTTP method (POST, GET, DELETE).
const ExpiryForm& form_for(const ExpiryDialect& dialect, std::string_view http_method);
/// `pattern` with $ID and $SESSION filled in. An empty `id` becomes null.
std::string fill_in(std::string_view pattern, std::string_view id, std::string_view session);

}  // namespace mooring::chaos
