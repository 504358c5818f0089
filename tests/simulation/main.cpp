// simulation_test: runs seeds, replays one, or checks that broken rules are noticed.
#include <charconv>
#include <cstring>
#include <span>

#include "core/log.hpp"
#include "mutations.hpp"
#include "seeds.hpp"

namespace {

using namespace mooring::simulation;

constexpr const char* usage =
    "usage: simulation_test [--from N] [--count N] [--break RULE]\n"
    "       simulation_test --seed N [--break RULE]      replays one, with its story on stderr\n"
    "       simulation_test --mutations [--most N]       every rule, broken, is caught within N "
    "seeds\n"
    "       simulation_test --replays [--from N] [--count N]   a seed is the same every time\n";

struct Arguments {
  std::uint64_t from = 1, count = 100, most = 500;
  std::optional<std::uint64_t> seed;
  std::string broken;
  bool mutations = false, replays = false;
};

std::optional<Arguments> parse(std::span<char*> words) {
  Arguments arguments;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--mutations" || word == "--replays") {
      (word == "--mutations" ? arguments.mutations : arguments.replays) = true;
      continue;
    }
    if (++i == words.size()) return std::nullopt;
    const std::string_view value = words[i];
    if (word == "--break") {
      arguments.broken = value;
      continue;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
    if (word == "--seed") {
      arguments.seed = number;
    } else if (word == "--from") {
      arguments.from = number;
    } else if (word == "--count") {
      arguments.count = number;
    } else if (word == "--most") {
      arguments.most = number;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse({argv, static_cast<std::size_t>(argc)});
  if (!arguments) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  mooring::core::log::configure(
      arguments->seed ? mooring::core::log::Level::debug : mooring::core::log::Level::off,
      mooring::core::log::Format::text
  );
  if (!arguments->broken.empty() && !break_rule(arguments->broken)) {
    fmt::print(stderr, "simulation_test: there is no rule {}\n", arguments->broken);
    return 2;
  }
  if (arguments->mutations) return check_mutations(arguments->most);
  if (arguments->replays) return check_replays(arguments->from, arguments->count);
  if (arguments->seed) return replay(*arguments->seed);
  return run_seeds(arguments->from, arguments->count);
}
