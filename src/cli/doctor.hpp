#pragma once

#include "cli/options.hpp"

namespace mooring::cli {

/// `mooring doctor`: looks at everything that can be wrong around a gateway, and says what to do
/// about it.
int doctor(const CommonOptions& options);

}  // namespace mooring::cli
