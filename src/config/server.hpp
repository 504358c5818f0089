#pragma once

#include <mooring/upstream_config.hpp>

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/reading.hpp"

namespace mooring::config {

/// One entry of `mcpServers`, on top of the defaults. Whatever is wrong with it stays in its
/// `error`; of several problems the first is the error and the others are notes. A disabled server
/// has notes only.
ServerEntry read_server(const Member& entry, const UpstreamConfig& defaults, Reading& reading);

}  // namespace mooring::config
