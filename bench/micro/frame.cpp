// What every message costs: one parse, and one splice to change what must change.
#include "protocol/frame.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::protocol {
namespace {

std::string call_of(std::size_t text_bytes) {
  return make_request(
      "1000000001", "tools/call",
      fmt::format(
          R"({{"name":"server__echo","arguments":{{"message":"{}"}},"_meta":{{"progressToken":7}}}})",
          std::string(text_bytes, 'x')
      )
  );
}

std::string result_of(std::size_t text_bytes) {
  return make_result(
      "1000000001",
      fmt::format(R"({{"content":[{{"type":"text","text":"{}"}}]}})", std::string(text_bytes, 'x'))
  );
}

void frame_parse_call(benchmark::State& state) {
  const auto text = call_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::string bytes;
    bytes.reserve(text.size() + 64);  // as the HTTP server hands it over
    bytes = text;
    auto frame = Frame::parse(std::move(bytes));
    benchmark::DoNotOptimize(frame);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(frame_parse_call)->Arg(16)->Arg(1024)->Arg(65536);

void frame_parse_result(benchmark::State& state) {
  const auto text = result_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    auto frame = Frame::parse(text);
    benchmark::DoNotOptimize(frame);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(frame_parse_result)->Arg(64)->Arg(4096)->Arg(65536);

void frame_splice_id_and_name(benchmark::State& state) {
  const auto frame = Frame::parse(call_of(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    auto bytes = frame->spliced({{frame->id_span(), "42"}, {frame->name_span(), R"("echo")"}});
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(frame_splice_id_and_name)->Arg(16)->Arg(4096);

void json_validate(benchmark::State& state) {
  const auto text = result_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(validate(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(json_validate)->Arg(64)->Arg(65536);

}  // namespace
}  // namespace mooring::protocol
