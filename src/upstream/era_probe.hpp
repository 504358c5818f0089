#pragma once

#include <cstdint>
#include <string>

#include "transport/channel.hpp"
#include "upstream/handshake.hpp"

namespace mooring::upstream {

/// What the answer to `server/discover` says of a server that may be of either era (2026-07-28
/// "Versioning", clients of both eras).
struct EraVerdict {
  enum class What : std::uint8_t {
    modern,        ///< `server` says what it is
    legacy,        ///< it knows no such request: `initialize` comes next
    again,         ///< it wants a version that was offered: asked once more
    incompatible,  ///< it speaks only revisions that we do not
    no_verdict,    ///< out of reach, or credentials are needed: the failure itself has to be judged
  } what = What::no_verdict;
  ServerIdentity server;
  std::string why;  ///< incompatible: a sentence
};

/// `outcome` is not changed. Over stdio even silence and a dead process mean legacy.
EraVerdict read_probe(const transport::Outcome& outcome, bool over_stdio);

}  // namespace mooring::upstream
