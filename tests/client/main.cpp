#include <gtest/gtest.h>

#include <string_view>

#include "io/child.hpp"

// The guard of the children of a test is this program again.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "guard") {
    return mooring::io::run_guard(argc, argv);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
