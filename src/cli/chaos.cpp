#include "cli/chaos.hpp"

#include <fmt/format.h>

#include <csignal>

#include "chaos/proxy.hpp"
#include "cli/console.hpp"
#include "config/config.hpp"
#include "core/json_quote.hpp"
#include "core/log.hpp"
#include "core/proxy_env.hpp"
#include "core/random.hpp"
#include "core/redact.hpp"
#include "io/signals.hpp"
#include "io/worker.hpp"
#include "server/host_check.hpp"

namespace mooring::cli {

namespace {

using core::json_quote;

/// "  21.100s  reset-after: POST tools/call, request 12: the answer was 200"
std::string text_line(const chaos::Injection& injection) {
  auto line = fmt::format(
      "{:9.3f}s  {}", static_cast<double>(injection.at.count()) / 1000, injection.fault
  );
  std::string_view before = ": ";
  if (injection.request > 0) {
    line += fmt::format(": {}", injection.http_method);
    if (!injection.method.empty()) line += " " + injection.method;
    line += fmt::format(", request {}", injection.request);
    before = "; ";
  }
  if (!injection.detail.empty()) line.append(before).append(injection.detail);
  return core::redact(line) + "\n";
}

std::string json_line(const chaos::Injection& injection) {
  auto line = fmt::format(
      R"({{"at_ms":{},"fault":{},"written":{},"detail":{})", injection.at.count(),
      json_quote(injection.fault), json_quote(injection.written), json_quote(injection.detail)
  );
  if (injection.request > 0) {
    line += fmt::format(
        R"(,"request":{},"http_method":{},"method":{})", injection.request,
        json_quote(injection.http_method), json_quote(injection.method)
    );
  }
  return line + "}\n";
}

Result<chaos::ProxyOptions> proxy_options(
    const ChaosOptions& options, const config::ListenAddress& address
) {
  if (options.upstream.empty()) {
    return fail(Reason::usage, "chaos needs --upstream URL, the server to stand before");
  }
  auto url = core::Url::parse(options.upstream);
  if (!url) return fail(Reason::usage, "--upstream: " + url.error().detail);
  chaos::ProxyOptions out{.upstream = std::move(*url)};
  for (const auto& text : options.faults) {
    auto fault = chaos::parse_fault(text);
    if (!fault) return fail(Reason::usage, "--fault: " + fault.error().detail);
    out.faults.push_back(std::move(*fault));
  }
  // Short enough to be typed again.
  out.seed = options.seed.value_or(core::system_random().next() >> 40U);
  out.control = options.control;
  if (core::is_loopback_host(address.host)) {
    out.host_ok = [](std::string_view host) { return server::HostCheck{}.host_ok(host); };
  } else if (!options.insecure) {
    return fail(
        Reason::usage,
        fmt::format(
            "refusing to listen on {}: anybody could use the upstream; listen on 127.0.0.1, or say "
            "--insecure",
            options.listen
        )
    );
  }
  out.client.proxy_for = [proxies = core::ProxySettings::from_environment()](const core::Url& to) {
    return proxies.proxy_for(to);
  };
  return out;
}

class Program {
 public:
  Program(const ChaosOptions& options, chaos::ProxyOptions proxy)
      : options_(options), proxy_(worker_, std::move(proxy), [this](const chaos::Injection& each) {
          to_stderr(text_line(each));
          if (options_.json) print(json_line(each));
        }) {}

  int run(const config::ListenAddress& address) {
    // Before anybody can know of us: whoever asks us to end gets an orderly end.
    io::Signals signals(worker_, {SIGTERM, SIGINT});
    const auto bound = proxy_.listen(address.host, address.port);
    if (!bound) return complain(failed, bound.error().detail);
    const bool v6 = bound->host.find(':') != std::string::npos;
    const auto host = v6 ? "[" + bound->host + "]" : bound->host;
    const auto here = fmt::format("http://{}:{}", host, bound->port);
    const auto& given = proxy_.engine().options;
    to_stderr(fmt::format("listening {}\n", here));
    to_stderr(fmt::format(
        "{}{} stands for {}{}; seed {}\n", here, given.upstream.path(), given.upstream.origin(),
        given.upstream.path(), given.seed
    ));
    io::TaskGroup life(worker_.executor());
    life.spawn(live(signals));
    worker_.run();
    return success;
  }

 private:
  awaitable<void> live(io::Signals& signals) {
    co_await signals.next();
    co_await proxy_.stop();
    to_stderr(fmt::format("stopped: {}\n", proxy_.summary()));
    if (options_.json) print(proxy_.status_json() + "\n");
    worker_.stop();
  }

  static void to_stderr(std::string_view text) {
    fmt::print(stderr, "{}", text);
    std::fflush(stderr);
  }

  const ChaosOptions& options_;
  io::Worker worker_{0};
  chaos::Proxy proxy_;
};

}  // namespace

int chaos(const ChaosOptions& options) {
  if (options.list) {
    print(chaos::describe_faults());
    return success;
  }
  const auto address = config::parse_listen(options.listen);
  if (!address) return complain(usage, "--listen: " + address.error().detail);
  auto proxy = proxy_options(options, *address);
  if (!proxy) return complain(proxy.error());
  std::signal(SIGPIPE, SIG_IGN);
  core::log::configure(core::log::Level::warn, core::log::Format::text);
  return Program(options, std::move(*proxy)).run(*address);
}

}  // namespace mooring::cli
