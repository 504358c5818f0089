#include "protocol/line_framer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace mooring::protocol {
namespace {

using Lines = std::vector<std::string>;

Lines drained(LineFramer& framer) {
  Lines out;
  while (auto line = framer.next()) out.push_back(*line);
  return out;
}

TEST(LineFramer, splits_wherever_the_bytes_are_cut) {
  const std::vector<std::pair<std::string, Lines>> rows = {
      {"a\nb\n", {"a", "b"}},
      {"a\r\nb\r\n", {"a", "b"}},
      {"\n\r\n\na\n\n", {"a"}},
      {"a\rb\n", {"a\rb"}},
      {"a\n unfinished", {"a"}},
      {"a\r\r\n", {"a\r"}},
      {"{\"x\":\"grüße\"}\n", {"{\"x\":\"grüße\"}"}},
      {"", {}},
  };
  for (const auto& [bytes, expected] : rows) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      LineFramer framer(100);
      framer.feed(std::string_view(bytes).substr(0, cut));
      Lines out = drained(framer);
      framer.feed(std::string_view(bytes).substr(cut));
      for (std::string& line : drained(framer)) out.push_back(std::move(line));
      EXPECT_EQ(out, expected) << bytes << " cut at " << cut;
      EXPECT_EQ(framer.dropped(), 0U);
    }
  }
}

TEST(LineFramer, the_rest_of_a_line_may_still_come) {
  LineFramer framer(100);
  framer.feed("ab");
  EXPECT_FALSE(framer.next());
  framer.feed("c\nd");
  EXPECT_EQ(framer.next(), "abc");
  EXPECT_FALSE(framer.next());
}

TEST(LineFramer, drops_lines_over_the_limit_and_goes_on) {
  const std::string exact(10, 'x');
  const std::string over(11, 'y');
  const std::string bytes = exact + "\n" + over + "\n" + exact + "\r\n" + over + "\r\nz\n" +
                            std::string(500, 'w') + "\nend\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    LineFramer framer(10);
    framer.feed(std::string_view(bytes).substr(0, cut));
    framer.feed(std::string_view(bytes).substr(cut));
    EXPECT_EQ(drained(framer), (Lines{exact, exact, "z", "end"})) << cut;
    EXPECT_EQ(framer.dropped(), 3U) << cut;
  }
  LineFramer framer(10);
  for (const char c : bytes) framer.feed(std::string_view(&c, 1));
  EXPECT_EQ(drained(framer), (Lines{exact, exact, "z", "end"}));
}

}  // namespace
}  // namespace mooring::protocol
