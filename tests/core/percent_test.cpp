#include "core/percent.hpp"

#include <gtest/gtest.h>

namespace mooring::core {
namespace {

TEST(Percent, decodes_what_is_encoded_and_leaves_the_rest) {
  EXPECT_EQ(percent_decode("a%20b%2fc%C3%BC"), "a b/cü");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(Percent, encodes_everything_that_means_something_in_a_url) {
  EXPECT_EQ(percent_encode("plain-1_2.3~"), "plain-1_2.3~");
  EXPECT_EQ(percent_encode("a b/c?d&e=f#g%ü"), "a%20b%2Fc%3Fd%26e%3Df%23g%25%C3%BC");
  EXPECT_EQ(percent_encode(""), "");
}

TEST(Percent, what_was_encoded_comes_back) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

}  // namespace
}  // namespace mooring::core
