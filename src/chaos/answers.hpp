#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/fault.hpp"
#include "io/http_client.hpp"

namespace mooring::chaos {

/// A whole answer of our own making.
struct OwnAnswer {
  int status = 200;
  std::vector<io::HttpHeader> headers;
  std::string body;
};

/// The answer of a fault that answers by itself: 401, 429, 5xx, html, error-session, garbage.
/// `dead_session` is the session that error-session names.
OwnAnswer own_answer(const Fault& fault, std::string_view dead_session);

/// To a request of the raw `id`: the server knows no such method.
OwnAnswer unknown_method(std::string_view id);

/// The response with an id of nobody's request. Empty: `message` is no response to the request
/// `id` (raw).
std::optional<std::string> with_wrong_id(std::string_view message, std::string_view id);

}  // namespace mooring::chaos
