#include "protocol/sse.hpp"

#include <benchmark/benchmark.h>

namespace mooring::protocol {
namespace {

std::string event_of(std::size_t bytes) { return encode_sse(std::string(bytes, 'x'), "boot-0-1"); }

void sse_encode(benchmark::State& state) {
  const std::string data(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(encode_sse(data, "boot-0-1"));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sse_encode)->Arg(128)->Arg(65536);

/// A stream of its own for every event, as a call's answer is.
void sse_decode_one(benchmark::State& state) {
  const auto text = event_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    SseDecoder decoder(std::size_t{1} << 20);
    decoder.feed(text);
    benchmark::DoNotOptimize(decoder.next());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(sse_decode_one)->Arg(128)->Arg(65536);

/// A long stream, cut where the network cuts.
void sse_decode_stream(benchmark::State& state) {
  std::string text;
  while (text.size() < 64 * 1024) text += event_of(200);
  SseDecoder decoder(std::size_t{1} << 20);
  for (auto _ : state) {
    for (std::size_t at = 0; at < text.size(); at += 1460) {
      decoder.feed(std::string_view(text).substr(at, 1460));
      while (auto event = decoder.next()) benchmark::DoNotOptimize(event);
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(sse_decode_stream);

}  // namespace
}  // namespace mooring::protocol
