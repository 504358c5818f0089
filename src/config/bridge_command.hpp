#pragma once

#include <string>
#include <vector>

#include "config/server_draft.hpp"

namespace mooring::config {

/// Whether the command of a draft is only a bridge to a remote server, as
/// `npx mcp-remote URL --header 'K: V'` and `npx supergateway --sse URL` are; then the draft
/// becomes that server itself, whose connection Mooring can heal. `notes` gets what was left
/// behind.
bool unwrap_bridge(ServerDraft& draft, std::vector<std::string>& notes);

}  // namespace mooring::config
