#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recovery/failure.hpp"

namespace mooring::recovery {

/// What a failure was concluded to be (CONTRACT.md, "A failure").
enum class Kind : std::uint8_t {
  session_lost,     ///< the peer does not know our session any more
  not_initialized,  ///< the peer has a session for us that never saw `initialize`
  auth,             ///< credentials
  transient,        ///< the connection, the process or something between us
  rate_limited,     ///< too much, too fast
  tool_error,       ///< an answer: the request was understood and failed
  cancelled,        ///< our own caller gave up
  other,
};

/// What to do about it.
enum class Action : std::uint8_t {
  reconnect,    ///< a new session
  verify,       ///< ambiguous: ask on the same session first
  reauthorize,  ///< new credentials
  retry,        ///< same session, fresh connection
  backoff,      ///< later
  resume,       ///< reopen the stream where it broke off
  none,
};

/// Whether the request may be sent again once that is done.
enum class Replay : std::uint8_t {
  yes,      ///< it was certainly not executed
  if_safe,  ///< it may have been: only what changes nothing
  no,
};

struct Conclusion {
  Kind kind = Kind::other;
  Action action = Action::none;
  std::optional<Replay> replay;  ///< empty: nothing is to be repeated
  std::string reason;            ///< one sentence a person understands

  /// The session the request travelled on is gone, or may be: a rebuild or a probe is due.
  bool about_session() const {
    if (action == Action::verify) return true;
    const bool gone = kind == Kind::session_lost || kind == Kind::not_initialized;
    return gone && action == Action::reconnect;
  }
};

/// What an operator knows of one server (docs/config.md, `recovery.*`). Immutable.
class Overrides {
 public:
  Overrides();
  Overrides(
      std::vector<std::string> session_patterns, std::vector<int> session_codes,
      bool treat_401_as_session
  );
  /// A sentence where `pattern` is no ECMAScript regular expression.
  static std::optional<std::string> check_pattern(const std::string& pattern);

  bool names_session(std::string_view message) const;  ///< a pattern matches the whole message
  bool session_code(int code) const;
  bool treat_401_as_session() const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

/// Structure before text, anchored wording before loose (session_loss: never `contains`). Pure and
/// total: any evidence gets a conclusion.
Conclusion classify(const Failure& failure, const Overrides& overrides = {});

std::string_view to_string(Kind kind);
std::string_view to_string(Action action);
std::string_view to_string(Replay replay);

}  // namespace mooring::recovery
