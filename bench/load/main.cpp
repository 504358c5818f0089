#include <fmt/format.h>

#include <cstdio>
#include <span>

#include "load/load.hpp"
#include "load/report.hpp"
#include "wire/socket.hpp"

int main(int argc, char** argv) {
  using namespace mooring::bench;
  allow_many_sockets();
  const auto options =
      parse_load_options(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!options) {
    fmt::print(stderr, "mooring-load: {}\n", options.error().detail);
    return 2;
  }
  if (options->help) {
    fmt::print("{}", load_usage);
    return 0;
  }
  const auto report = Load(*options).run();
  if (!report) {
    fmt::print(stderr, "mooring-load: {}\n", report.error().detail);
    return 1;
  }
  fmt::print("{}", options->json ? report_as_json(*report) + "\n" : report_as_text(*report));
  return report->errors == 0 && report->latency.count() > 0 ? 0 : 1;
}
