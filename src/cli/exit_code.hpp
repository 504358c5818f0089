#pragma once

namespace mooring::cli {

/// What the shell is told (CONTRACT.md, "`mooring` commands").
enum ExitCode : int {
  success = 0,
  failed = 1,
  usage = 2,
  unknown_server = 3,
  tool_error = 4,
  outcome_unknown = 5,
  login_needed = 6,
  interrupted = 130,  ///< by Ctrl-C, as shells count
};

}  // namespace mooring::cli
