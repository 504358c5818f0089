#include <gtest/gtest.h>

#include <cstring>

#include "io/child.hpp"
#include "io/spawner.hpp"

// The test binary is its own guard, as mooring is, and its own victim where a parent has to be
// killed.
int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "guard") == 0) return mooring::io::run_guard(argc, argv);
  if (argc > 2 && std::strcmp(argv[1], "spawner") == 0)
    return mooring::io::testing::run_spawner(argv[2]);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
