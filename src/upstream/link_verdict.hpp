#pragma once

#include <optional>

#include "upstream/link.hpp"

namespace mooring::upstream {

/// What becomes of a call whose attempt failed.
struct Link::Verdict {
  enum class What : std::uint8_t {
    answer,  ///< what the server said is the answer, `answer` where it has to be put in shape
    error,
    repeat,
  } what = What::error;
  std::optional<protocol::Frame> answer;
  std::optional<CallError> error;
  bool same_session = false;  ///< the session proved to live: it may be repeated on that one
};

}  // namespace mooring::upstream
