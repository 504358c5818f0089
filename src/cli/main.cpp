#include <sys/prctl.h>

#include <string_view>

#include "cli/command_line.hpp"
#include "io/child.hpp"

int main(int argc, char** argv) {
  // The guard of a child process is this program again, before anything else is set up.
  if (argc > 1 && std::string_view(argv[1]) == "guard") return mooring::io::run_guard(argc, argv);
  mooring::io::adopt_orphans();
  // It holds other people's tokens: no core dump, and no other program of the user looks inside.
  ::prctl(PR_SET_DUMPABLE, 0);
  return mooring::cli::run(argc, argv);
}
