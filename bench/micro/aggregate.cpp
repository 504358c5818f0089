// The list of everything: 1,000 upstreams with 20 tools each.
#include "gateway/aggregate.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace mooring::gateway {
namespace {

using upstream::ListKind;

upstream::CataloguePtr make_catalogue(int tools) {
  std::string list;
  for (int i = 0; i < tools; ++i) {
    list += fmt::format(
        R"({}{{"name":"tool_{}","description":"Does one thing, and says in a sentence which.",)"
        R"("inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}},)"
        R"("limit":{{"type":"integer","minimum":1}}}},"required":["path"]}}}})",
        i == 0 ? "" : ",", i
    );
  }
  upstream::PageCollector pages(ListKind::tools, 1);
  pages.add(R"({"tools":[)" + list + "]}");
  auto catalogue = std::make_shared<upstream::Catalogue>();
  (*catalogue)[ListKind::tools] = std::move(pages).take();
  return catalogue;
}

std::vector<Contribution> contributions(int upstreams, int tools) {
  std::vector<Contribution> all;
  for (int i = 0; i < upstreams; ++i) {
    auto config = std::make_shared<UpstreamConfig>();
    config->name = fmt::format("server{}", i);
    all.push_back({config->name, config, make_catalogue(tools), R"({"tools":{}})"});
  }
  return all;
}

void aggregate_build(benchmark::State& state) {
  const auto all =
      contributions(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  for (auto _ : state) {
    const Aggregate aggregate(all);
    benchmark::DoNotOptimize(aggregate.list(ListKind::tools, Era::legacy).size());
  }
}
BENCHMARK(aggregate_build)->Args({10, 20})->Args({1000, 20})->Unit(benchmark::kMillisecond);

void aggregate_find_tool(benchmark::State& state) {
  const Aggregate aggregate(contributions(1000, 20));
  for (auto _ : state) benchmark::DoNotOptimize(aggregate.tool("server500__tool_7"));
}
BENCHMARK(aggregate_find_tool);

}  // namespace
}  // namespace mooring::gateway
