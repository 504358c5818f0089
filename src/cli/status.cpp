#include "cli/status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/recoveries.hpp"
#include "cli/status_table.hpp"
#include "cli/surroundings.hpp"
#include "cli/text.hpp"
#include "core/percent.hpp"
#include "protocol/json_scan.hpp"
#include "server/episode_json.hpp"
#include "store/history_store.hpp"

namespace mooring::cli {

namespace {

using protocol::member;
using protocol::string_member;

constexpr std::size_t shown = 8;    ///< of all servers: status is one screen
constexpr std::size_t of_one = 20;  ///< of one server
constexpr std::size_t looked_at = 1000;

Moment now() { return std::chrono::system_clock::now(); }

std::string raw(std::string_view object, std::string_view key) {
  const auto value = member(object, key);
  if (!value) return "-";
  return protocol::is_string(*value) ? one_line(protocol::unescape(*value)) : std::string(*value);
}

void print_recoveries(Episodes episodes) {
  print("\n" + recovery_summary(episodes, episodes.size() == looked_at, now()));
  if (episodes.empty()) return;
  if (episodes.size() > shown) episodes.resize(shown);
  print("\n" + recovery_table(episodes, true, terminal_width(), now()));
}

void print_recoveries_of_one(const Episodes& episodes) {
  if (episodes.empty()) {
    print("\nno recoveries\n");
    return;
  }
  print("\n" + recovery_table(episodes, false, terminal_width(), now()));
  print("\n" + recovery_steps(episodes.front(), terminal_width(), now()));
}

/// No gateway tells: what it has left behind does.
int history(Surroundings& around, const ServerOptions& options, const std::string& why) {
  const auto found = store::HistoryStore::read(
      around.state_dir() / "history.db",
      {.server = options.server, .limit = options.server.empty() ? looked_at : of_one}
  );
  if (!found || found->empty()) return complain(failed, why);
  complain(failed, why + "; this is what was recorded before");
  if (options.json) {
    print(server::recoveries_json(*found) + "\n");
  } else if (options.server.empty()) {
    print(recovery_summary(*found, found->size() == looked_at, now()) + "\n");
    const Episodes latest(
        found->begin(), found->begin() + static_cast<long>(std::min(found->size(), shown))
    );
    print(recovery_table(latest, true, terminal_width(), now()));
  } else {
    print(recovery_table(*found, false, terminal_width(), now()) + "\n");
    print(recovery_steps(found->front(), terminal_width(), now()));
  }
  return failed;
}

int one(
    const std::vector<ServerStatus>& servers, Surroundings& around, const ServerOptions& options
) {
  const auto found = std::ranges::find(servers, options.server, &ServerStatus::name);
  if (found == servers.end()) {
    return complain(around.unknown(options.server, around.names()));
  }
  const auto details =
      get(*around.gateway_file(), "/api/v1/servers/" + core::percent_encode(options.server));
  if (!details) return complain(failed, details.error().detail);
  if (options.json) {
    print(*details + "\n");
    return success;
  }
  print(server_details(*details, now()));
  print_recoveries_of_one(episodes_in(*details, "episodes"));
  return success;
}

}  // namespace

int status(const ServerOptions& options) {
  Surroundings around(options);
  const auto& answer = around.gateway_status();
  if (!answer) return history(around, options, answer.error().detail);
  const auto servers = servers_in(*answer);
  if (!options.server.empty()) return one(servers, around, options);
  if (options.json) {
    print(*answer + "\n");
    return success;
  }
  const auto gateway = member(*answer, "gateway").value_or("{}");
  const std::chrono::seconds up(std::atoll(raw(gateway, "uptime_seconds").c_str()));
  print(fmt::format(
      "gateway {}  version {}, up {}{}\n\n", bold(raw(gateway, "url")), raw(gateway, "version"),
      span(up), raw(gateway, "draining") == "true" ? ", draining" : ""
  ));
  if (servers.empty()) {
    warn("no servers are configured");
  } else {
    print(server_table(servers, terminal_width(), now()));
  }
  const auto recoveries =
      get(*around.gateway_file(), fmt::format("/api/v1/recoveries?limit={}", looked_at));
  if (!recoveries) return complain(failed, recoveries.error().detail);
  print_recoveries(episodes_in(*recoveries, "recoveries"));
  return success;
}

}  // namespace mooring::cli
