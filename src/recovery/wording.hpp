#pragma once

#include <cstdint>
#include <string_view>

namespace mooring::recovery {

/// What an error message says about a session, read as a sentence whose every word has to be one
/// that such sentences are made of. "Session 'a1' not found." is about our session; "No session
/// found for PID 4711", "database session expired" and "Invalid session parameter" are not, because
/// of one word each.
struct Wording {
  enum class Says : std::uint8_t {
    nothing,
    lost,             ///< unknown, expired, closed …
    missing,          ///< no session id came with the request
    not_initialized,  ///< `initialize` has to come first
    alive,            ///< it exists, and something else is wrong
  };

  Says says = Says::nothing;
  bool whole = false;          ///< every word is accounted for; false: only words of it were found
  bool of_link = false;        ///< says it of a transport or an SSE connection, not of a session
  bool of_header = false;      ///< names the header Mcp-Session-Id
  bool names_id = false;       ///< a particular session is named
  bool like_argument = false;  ///< spelled as arguments of tools are: `session_id`
  bool none_came = false;      ///< "no valid session id provided": it may not have seen any
  bool mid_request = false;    ///< it ended while a request was being worked on
  bool inner_error = false;    ///< tells of an error inside, not of a check

  bool about(Says what) const { return whole && says == what; }
};

/// Prefixes ("Bad Request:", "MCP error -32001:"), ids, quotes, punctuation and advice to
/// initialize again are passed over. Knows English, the machine spelling of codes
/// (`SESSION_NOT_FOUND`, `SessionExpiredError`) and the phrases of a few other languages.
Wording read_wording(std::string_view message);

}  // namespace mooring::recovery
