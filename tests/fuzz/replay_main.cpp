#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz_target.hpp"

namespace {

constexpr std::size_t longest_for_prefixes = 4096;

void run(std::string_view text) {
  // A copy of exactly this size: AddressSanitizer then sees a read beyond it.
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void replay(const std::filesystem::path& seed) {
  std::ifstream in(seed, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  run(text);
  for (std::size_t n = 0; n < std::min(text.size(), longest_for_prefixes); ++n)
    run(std::string_view(text).substr(0, n));
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t seeds = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path());
      ++seeds;
    }
  }
  std::printf("%zu seeds replayed\n", seeds);
  return seeds == 0 ? 1 : 0;
}
