#include "cli/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <iomanip>
#include <sstream>

#include "cli/console.hpp"
#include "cli/surroundings.hpp"
#include "cli/text.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

namespace {

using protocol::member;
using protocol::string_member;

/// A number or any other raw value; "-" where it is missing.
std::string raw(std::string_view object, std::string_view key) {
  const auto value = member(object, key);
  if (!value || protocol::is_null(*value)) return "-";
  return protocol::is_string(*value) ? one_line(protocol::unescape(*value)) : std::string(*value);
}

std::string span(long long seconds) {
  seconds = std::max(seconds, 0LL);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} days", seconds / 86400);
}

std::string ago(const std::string& time) {
  if (time.empty()) return "-";
  std::tm parts{};
  std::istringstream stream(time);
  stream >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  if (stream.fail()) return one_line(time);
  return span(std::time(nullptr) - ::timegm(&parts)) + " ago";
}

std::string next_probe(std::string_view server) {
  const auto milliseconds = member(server, "next_probe_in_ms");
  if (!milliseconds) return "-";
  long long value = 0;
  std::from_chars(milliseconds->data(), milliseconds->data() + milliseconds->size(), value);
  return "in " + span(value / 1000);
}

std::string overview(const std::vector<ServerStatus>& servers) {
  std::vector<std::vector<std::string>> rows = {
      {"SERVER", "STATE", "TOOLS", "GENERATION", "RECOVERIES", "ATTEMPTS", "NEXT PROBE",
       "LAST SUCCESS", "REASON"}
  };
  for (const auto& server : servers) {
    rows.push_back(
        {one_line(server.name), one_line(server.state), raw(server.json, "tools"),
         raw(server.json, "generation"), raw(server.json, "recoveries"),
         raw(server.json, "attempts"), next_probe(server.json),
         ago(string_member(server.json, "last_success_at")), one_line(server.reason)}
    );
  }
  return table(rows, terminal_width());
}

/// Every member of the object, whatever later versions of the gateway add.
std::string details(std::string_view server) {
  std::vector<std::vector<std::string>> rows;
  protocol::for_each_member(server, [&](std::string_view key, std::string_view value) {
    const auto name = protocol::unescape(key);
    auto shown = protocol::is_string(value) ? one_line(protocol::unescape(value)) : one_line(value);
    if (name == "next_probe_in_ms") shown = next_probe(server);
    if (name == "last_success_at") shown += fmt::format(" ({})", ago(protocol::unescape(value)));
    rows.push_back({name == "next_probe_in_ms" ? "next_probe" : name, shown.empty() ? "-" : shown});
    return true;
  });
  return table(rows, 0);
}

int one(
    const std::vector<ServerStatus>& servers, Surroundings& around, const ServerOptions& options
) {
  const auto found = std::ranges::find(servers, options.server, &ServerStatus::name);
  if (found == servers.end()) {
    return complain(around.unknown(options.server, around.names()));
  }
  print(options.json ? found->json + "\n" : details(found->json));
  return success;
}

}  // namespace

int status(const ServerOptions& options) {
  Surroundings around(options);
  const auto& answer = around.gateway_status();
  if (!answer) return complain(failed, answer.error().detail);
  const auto servers = servers_in(*answer);
  if (!options.server.empty()) return one(servers, around, options);
  if (options.json) {
    print(*answer + "\n");
    return success;
  }
  const auto gateway = member(*answer, "gateway").value_or("{}");
  print(fmt::format(
      "gateway {}  version {}, up {}{}\n\n", bold(raw(gateway, "url")), raw(gateway, "version"),
      span(std::atoll(raw(gateway, "uptime_seconds").c_str())),
      raw(gateway, "draining") == "true" ? ", draining" : ""
  ));
  if (servers.empty()) {
    warn("no servers are configured");
    return success;
  }
  print(overview(servers));
  return success;
}

}  // namespace mooring::cli
