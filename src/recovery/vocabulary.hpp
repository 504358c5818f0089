#pragma once

#include <cstdint>
#include <string_view>

namespace mooring::recovery {

/// The part a word plays in a sentence about a session.
enum class Role : std::uint8_t {
  other,       ///< none: the sentence is about something else
  session,     ///< session, sessionid
  header,      ///< mcp-session-id
  argument,    ///< session_id
  link,        ///< transport, connection
  fault,       ///< expired, unknown, closed
  negation,    ///< not, cannot
  absence,     ///< no, without: negates, and denies the session itself
  quality,     ///< found, valid, exist: a fault where negated
  missing,     ///< missing, required
  given,       ///< provided, sent
  initialize,  ///< initialize, initialized
  ordering,    ///< before, first, must
  running,     ///< completed, processing
  foreign,     ///< login, browser: certainly about something else
  filler,
  advice,  ///< reconnect, again
  id,      ///< the name of one session
  method,  ///< tools/call
};

/// Of a word in lower case (ASCII letters folded).
Role role_of(std::string_view word);
/// Words that may stand in front of a colon and say nothing: "Bad Request:", "MCP error:".
bool is_prefix_word(std::string_view word);
/// Chinese, Japanese and Korean, which do not part words: a short text that names a session and a
/// fault of it, and no login.
bool unparted_session_fault(std::string_view text);

}  // namespace mooring::recovery
