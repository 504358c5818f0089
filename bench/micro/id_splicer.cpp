#include "protocol/id_splicer.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace mooring::protocol {
namespace {

/// A large result that flows through in pieces, its id last, as the TypeScript servers write it.
void id_splicer_large_result(benchmark::State& state) {
  std::string items;
  while (items.size() < static_cast<std::size_t>(state.range(0))) {
    items += R"({"type":"text","text":"some words, \"quoted\" and not, with a [bracket]"},)";
  }
  items.pop_back();
  const auto text =
      fmt::format(R"({{"result":{{"content":[{}]}},"jsonrpc":"2.0","id":123456}})", items);
  constexpr std::size_t piece = 16 * 1024;
  std::string out;
  for (auto _ : state) {
    IdSplicer splicer("1");
    for (std::size_t at = 0; at < text.size(); at += piece) {
      out.clear();
      splicer.feed(std::string_view(text).substr(at, piece), out);
      benchmark::DoNotOptimize(out);
    }
    if (!splicer.complete()) state.SkipWithError("the id was not found");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(id_splicer_large_result)->Arg(128 * 1024)->Arg(4 * 1024 * 1024);

}  // namespace
}  // namespace mooring::protocol
