#pragma once

#include <string>

#include "protocol/frame.hpp"

namespace mooring::upstream {

/// Our answer to a server's request that nobody behind us can take: ping is answered, roots are
/// none, an elicitation is declined, anything else is a JSON-RPC error that says why. `because` is
/// a sentence ("no client is attached to this request").
std::string decline(const protocol::Frame& request, std::string_view because);

}  // namespace mooring::upstream
