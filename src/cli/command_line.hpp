#pragma once

namespace mooring::cli {

/// Reads the command line and runs the command; returns the exit code.
int run(int argc, char** argv);

}  // namespace mooring::cli
