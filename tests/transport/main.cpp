#include <gtest/gtest.h>

#include <string_view>

#include "io/child.hpp"
#include "peer.hpp"

// One executable plays all parts: the tests, the guard of their children, and the children.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "guard") {
    return mooring::io::run_guard(argc, argv);
  }
  if (argc > 1 && std::string_view(argv[1]) == "peer") return mooring::transport::run_peer();
  mooring::io::set_guard_executable("/proc/self/exe");
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
