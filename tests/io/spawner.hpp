#pragma once

namespace mooring::io::testing {

/// A process that holds a Child running `script` in /bin/sh and does nothing else, until it is
/// killed.
int run_spawner(const char* script);

}  // namespace mooring::io::testing
