#include <gtest/gtest.h>

#include "harness/process.hpp"
#include "io/child.hpp"

int main(int argc, char** argv) {
  mooring::io::set_guard_executable(mooring::integration::mooring_program);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
