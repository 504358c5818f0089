#pragma once

#include <array>

#include "io/http_fields.hpp"
#include "io/http_server.hpp"

/// The headers of answers that carry messages.
namespace mooring::server {

inline constexpr std::array json_headers = {io::HeaderField{"Content-Type", "application/json"}};

/// Of an event stream, which nobody on the way may hold back.
inline constexpr std::array sse_headers = {
    io::HeaderField{"Content-Type", "text/event-stream"},
    io::HeaderField{"Cache-Control", "no-cache"}, io::HeaderField{"X-Accel-Buffering", "no"}
};

}  // namespace mooring::server
