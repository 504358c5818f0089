#include "cli/after_change.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"

namespace mooring::cli {

void report_files(const ConfigEditor& editor) {
  for (const auto& path : editor.written()) {
    print(fmt::format("credentials are in {}\n", path.string()));
  }
  for (const auto& path : editor.obsolete()) {
    print(fmt::format("took away {}\n", path.string()));
  }
}

void tell_gateway(
    Surroundings& around, const CommonOptions& options, const ConfigEditor& editor,
    const std::vector<std::string>& servers, bool there
) {
  const auto& gateway = around.gateway_file();
  if (!gateway) {
    print(fmt::format(
        "no gateway is running; mooring serve{} starts it\n",
        options.config.empty() ? "" : " --config " + editor.path().string()
    ));
    return;
  }
  if (const auto told = post(*gateway, "/api/v1/reload"); !told) {
    warn(fmt::format("{}; it goes on with what it had", told.error().detail));
    return;
  }
  const auto known = around.names();
  const bool as_expected = std::ranges::all_of(servers, [&](const std::string& server) {
    return (std::ranges::find(known, server) != known.end()) == there;
  });
  if (as_expected) {
    print(fmt::format("the gateway at {} has read it\n", gateway->url));
  } else {
    warn(fmt::format(
        "the gateway at {} runs with another configuration than {}", gateway->url,
        editor.path().string()
    ));
  }
}

}  // namespace mooring::cli
