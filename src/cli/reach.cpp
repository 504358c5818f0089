#include "cli/reach.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "config/command_guard.hpp"
#include "core/proxy_env.hpp"
#include "core/url.hpp"
#include "io/http_client.hpp"
#include "io/resolver.hpp"
#include "io/worker.hpp"
#include "transport/child_env.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

constexpr auto patience = std::chrono::seconds(5);

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

awaitable<Check> head(io::Worker& worker, const UpstreamConfig& config, core::Url url) {
  io::HttpClientOptions options;
  options.connect_timeout = patience;
  options.tls = {config.ssl_verify, config.ca_file, config.client_cert, config.client_key};
  options.proxy_for = [proxies = core::ProxySettings::from_environment()](const core::Url& to) {
    return proxies.proxy_for(to);
  };
  io::HttpClient client(worker, std::move(options));
  io::OutgoingHttpRequest request;
  request.method = "HEAD";
  request.url = url;
  request.deadline = worker.timers().now() + patience;
  for (const auto& [name, value] : config.headers) request.headers.push_back({name, value});
  request.configured_headers = request.headers.size();
  const auto response = co_await client.send(std::move(request));
  Check check;
  check.detail = url.origin();
  if (!response) {
    check.verdict = Check::Verdict::failed;
    check.detail +=
        fmt::format(": {}; is the server running, and its URL right?", response.error().message);
    co_return check;
  }
  const int status = (*response)->status();
  check.detail += fmt::format(" answers (HTTP {})", status);
  if (status == 401 || status == 403) {
    check.verdict = Check::Verdict::warn;
    check.detail += "; it wants credentials: check the headers in the configuration";
  } else if (status >= 500 && status != 501) {
    check.verdict = Check::Verdict::warn;
    check.detail += "; the server itself has a problem";
  }
  co_return check;
}

}  // namespace

std::string find_command(const UpstreamConfig& config) {
  const fs::path command = config.command;
  if (config.command.find('/') != std::string::npos) {
    const auto path =
        command.is_absolute() || config.cwd.empty() ? command : fs::path(config.cwd) / command;
    return is_program(path) ? path.string() : std::string();
  }
  const auto env = transport::child_env(config, transport::own_environment());
  const auto path = env.find("PATH");
  std::string_view rest = path == env.end() ? "/usr/bin:/bin" : std::string_view(path->second);
  while (!rest.empty()) {
    const auto directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    const auto candidate = fs::path(directory.empty() ? "." : directory) / command;
    if (is_program(candidate)) return candidate.string();
  }
  return {};
}

Check check_command(const UpstreamConfig& config) {
  Check check;
  check.subject = config.name;
  check.verdict = Check::Verdict::failed;
  if (const auto danger = config::dangerous_command(config)) {
    check.detail = *danger;
    return check;
  }
  std::error_code error;
  if (!config.cwd.empty() && !fs::is_directory(config.cwd, error)) {
    check.detail = fmt::format("there is no directory {} (cwd)", config.cwd);
    return check;
  }
  const auto path = find_command(config);
  if (path.empty()) {
    const bool bare = config.command.find('/') == std::string::npos;
    check.detail = fmt::format(
        "{} {}; install it or correct `command`", config.command,
        bare ? "is not on PATH" : "is no program that can be run"
    );
    return check;
  }
  check.verdict = Check::Verdict::ok;
  check.detail = path;
  return check;
}

Check check_address(const UpstreamConfig& config) {
  Check check;
  const auto url = core::Url::parse(config.url);
  if (!url) {
    return {Check::Verdict::failed, {}, url.error().detail};
  }
  if (const auto proxy = core::ProxySettings::from_environment().proxy_for(*url)) {
    check.detail = fmt::format("{} through the proxy {}", url->authority(), proxy->authority());
    return check;
  }
  if (!io::known_addresses(url->host).empty()) {
    check.detail = url->authority();
    return check;
  }
  io::Worker worker(0);
  const auto lookup =
      io::Lookup::start(worker.executor(), url->host, [&](io::Lookup::Answer answer) {
        if (answer && !answer->empty()) {
          check.detail = fmt::format("{} is {}", url->host, answer->front().to_string());
        } else {
          check.verdict = Check::Verdict::failed;
          check.detail =
              fmt::format("no address for {}{}", url->host, answer ? "" : ": " + answer.error());
        }
        worker.stop();
      });
  worker.run();
  return check;
}

Check check_url(const UpstreamConfig& config) {
  auto url = core::Url::parse(config.url);
  if (!url) return {Check::Verdict::failed, config.name, url.error().detail};
  io::Worker worker(0);
  Check check{Check::Verdict::failed, config.name, "interrupted"};
  asio::co_spawn(
      worker.executor(), head(worker, config, std::move(*url)),
      [&](const std::exception_ptr& thrown, Check found) {
        if (!thrown) check = std::move(found);
        worker.stop();
      }
  );
  worker.run();
  check.subject = config.name;
  return check;
}

}  // namespace mooring::cli
