#pragma once

#include <functional>
#include <mooring/client.hpp>
#include <string_view>

#include "conformance/client/context.hpp"

namespace conformance {

/// What a scenario wants done once its server is connected.
using Script = std::function<mooring::Result<void>(mooring::Client&, const Context&)>;

/// Null: this client does not know the scenario.
const Script* script_of(std::string_view scenario);

}  // namespace conformance
