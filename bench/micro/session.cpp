// A session token is opened once for each worker that meets it; after that a map knows it.
#include <benchmark/benchmark.h>

#include "gateway/session_codec.hpp"

namespace mooring::gateway {
namespace {

using std::chrono::system_clock;

ClientSession example() {
  ClientSession session;
  session.key = "0123456789abcdef";
  session.endpoint = "github";
  session.capabilities = R"({"roots":{"listChanged":true},"sampling":{},"elicitation":{}})";
  session.client_name = "a-client";
  session.principal = "somebody";
  return session;
}

void session_seal(benchmark::State& state) {
  const SessionCodec codec({}, std::chrono::hours(24));
  const auto session = example();
  for (auto _ : state) benchmark::DoNotOptimize(codec.seal(session, system_clock::now()));
}
BENCHMARK(session_seal);

void session_open(benchmark::State& state) {
  const SessionCodec codec({}, std::chrono::hours(24));
  const auto token = codec.seal(example(), system_clock::now());
  for (auto _ : state) {
    auto opened = codec.open(token, system_clock::now());
    if (!opened) state.SkipWithError("the token was refused");
    benchmark::DoNotOptimize(opened);
  }
}
BENCHMARK(session_open);

}  // namespace
}  // namespace mooring::gateway
