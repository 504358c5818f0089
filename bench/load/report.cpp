#include "load/report.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"

namespace mooring::bench {

namespace {

double micro(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

double per_call(double cpu_seconds, const LoadReport& report) {
  const auto calls = report.latency.count();
  return calls == 0 ? 0 : cpu_seconds * 1e6 / static_cast<double>(calls);
}

double bytes_per_second(const LoadReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.bytes) / report.seconds : 0;
}

double rate(const LoadReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.latency.count()) / report.seconds : 0;
}

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024 * 1024); }

}  // namespace

std::string report_as_text(const LoadReport& report) {
  const auto& latency = report.latency;
  auto text = fmt::format(
      "{} calls in {:.2f} s, {:.0f} calls/s, {:.1f} MB/s ({} JSON, {} event streams)\n"
      "latency µs: mean {:.0f}, p50 {:.0f}, p99 {:.0f}, p99.9 {:.0f}, max {:.0f}\n"
      "{} errors, {} reconnects; own CPU {:.1f} µs/call\n",
      latency.count(), report.seconds, rate(report), bytes_per_second(report) / 1e6, report.as_json,
      report.as_events, latency.mean() / 1000, micro(latency.quantile(0.5)),
      micro(latency.quantile(0.99)), micro(latency.quantile(0.999)), micro(latency.max()),
      report.errors, report.reconnects, per_call(report.own_cpu_seconds, report)
  );
  if (report.watched) {
    text += fmt::format(
        "watched: CPU {:.1f} µs/call, RSS {:.1f} MB (peak {:.1f} MB)\n",
        per_call(report.watched->cpu_seconds, report), megabytes(report.watched->rss_bytes),
        megabytes(report.watched->peak_rss_bytes)
    );
  }
  if (!report.first_error.empty()) text += fmt::format("first error: {}\n", report.first_error);
  return text;
}

std::string report_as_json(const LoadReport& report) {
  const auto& latency = report.latency;
  auto text = fmt::format(
      R"({{"calls":{},"seconds":{:.3f},"calls_per_s":{:.1f},"bytes_per_s":{:.0f},"as_json":{},"as_events":{},)"
      R"("mean_us":{:.1f},"p50_us":{:.1f},"p99_us":{:.1f},"p999_us":{:.1f},"max_us":{:.1f},)"
      R"("errors":{},"reconnects":{},"own_cpu_us":{:.2f})",
      latency.count(), report.seconds, rate(report), bytes_per_second(report), report.as_json,
      report.as_events, latency.mean() / 1000, micro(latency.quantile(0.5)),
      micro(latency.quantile(0.99)), micro(latency.quantile(0.999)), micro(latency.max()),
      report.errors, report.reconnects, per_call(report.own_cpu_seconds, report)
  );
  if (report.watched) {
    text += fmt::format(
        R"(,"cpu_us":{:.2f},"rss_bytes":{},"peak_rss_bytes":{})",
        per_call(report.watched->cpu_seconds, report), report.watched->rss_bytes,
        report.watched->peak_rss_bytes
    );
  }
  if (!report.first_error.empty()) {
    text += fmt::format(R"(,"first_error":{})", protocol::quote(report.first_error));
  }
  return text + "}";
}

}  // namespace mooring::bench
