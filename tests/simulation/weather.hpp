#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "draw.hpp"

namespace mooring::simulation {

/// What may befall one message on its way.
enum class Fault : std::uint8_t {
  none,
  // before a byte of it is written
  connect_refused,
  connect_hang,
  reset_unsent,
  // it arrives, and is not looked at
  reset_before,
  unauthorized,  ///< 401
  rate_limited,  ///< 429 with Retry-After
  unavailable,   ///< 503 with Retry-After
  odd_400,       ///< 400 with a text nobody knows
  forget,        ///< the server forgets the session just before
  // it may have run
  hang,
  bad_gateway,  ///< 502, HTML
  garbage,      ///< 200, HTML
  unfinished,   ///< "Session terminated before the request completed"
  // it ran
  reset_after,
  cut_stream,
  hang_after,
  wrong_id,
  slow,  ///< takes long to run
  late,  ///< what comes back, good or bad, is long on the way
  // the server's own words
  error_answer,  ///< −32602
  odd_answer,    ///< −32602 "Invalid request parameters", as a lost session may look, too
  tool_error,    ///< isError
  // a process
  die_before,
  die_after,
};
std::string_view to_string(Fault fault);

/// Which messages a spell of bad weather touches.
enum class Where : std::uint8_t { all, handshake, lists, calls, own };
std::string_view to_string(Where where);

/// Some time during which messages meet a fault, each with the same probability.
struct Spell {
  Duration begin{0}, end{0};  ///< since the beginning of the run
  Fault fault = Fault::none;
  double probability = 1;
  Where where = Where::all;
};

/// What happens to a server as a whole.
enum class Event : std::uint8_t {
  forget,     ///< all sessions
  restart,    ///< down for `lasts`, sessions gone unless it keeps them
  outage,     ///< connections refused for `lasts`, sessions kept
  die,        ///< its process
  announce,   ///< its tools changed
  cut,        ///< its event streams
  reject,     ///< for `lasts` every session is unknown, however fresh
  reconnect,  ///< the operator asks for it
  listed,     ///< a client asks for its tools
};
std::string_view to_string(Event event);

struct Happening {
  Duration at{0};
  Event event = Event::forget;
  Duration lasts{0};
};

enum class Kind : std::uint8_t { http, http_without_ids, stdio };
std::string_view to_string(Kind kind);

struct Weather {
  std::vector<Spell> spells;
  std::vector<Happening> happenings;
};

/// A run's worth of trouble for one server.
Weather draw_weather(Draw& draw, Kind kind, Duration length);

}  // namespace mooring::simulation
