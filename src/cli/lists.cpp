#include "cli/lists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "cli/console.hpp"
#include "cli/interrupts.hpp"
#include "cli/listing.hpp"
#include "cli/text.hpp"

namespace mooring::cli {

using upstream::ListKind;

namespace {

/// One server of many, and what came of asking it.
struct Asked {
  Destination to;
  std::string remark;  ///< how it is doing, where that is worth a word
  Result<Listing> listing = fail(Reason::io, "not asked");
};

std::vector<ListKind> kinds_for(const ListCommand& command) {
  if (command.kind == ListKind::resources && !command.json) {
    return {ListKind::resources, ListKind::resource_templates};
  }
  return {command.kind};
}

std::vector<std::vector<std::string>> all_rows(
    const std::vector<ListKind>& kinds, const Listing& listing
) {
  std::vector<std::vector<std::string>> rows;
  for (const auto kind : kinds) {
    const auto result = listing.result(kind);
    warn_of_suspicious(kind, listing.server, result);
    for (auto& row : rows_of(kind, result)) rows.push_back(std::move(row));
  }
  return rows;
}

std::string_view noun(ListKind kind) {
  return kind == ListKind::tools ? "tools" : kind == ListKind::prompts ? "prompts" : "resources";
}

int list_one(Surroundings& around, const ListCommand& command) {
  const auto to = around.find(command);
  if (!to) return complain(to.error());
  const auto kinds = kinds_for(command);
  const auto listing = take_listing(around, *to, kinds);
  if (!listing) return complain(listing.error());
  if (command.json) {
    print(listing->result(command.kind) + "\n");
    return success;
  }
  const auto rows = all_rows(kinds, *listing);
  if (rows.empty()) {
    warn(fmt::format("{} has no {}", command.server, noun(command.kind)));
  }
  print(table(rows, terminal_width()));
  return success;
}

/// The running gateway as one server.
int list_gateway(Surroundings& around, const ListCommand& command) {
  const auto listing = take_listing(around, around.through_gateway({}), {command.kind});
  if (!listing) return complain(listing.error());
  print(listing->result(command.kind) + "\n");
  return success;
}

Result<std::vector<Asked>> everyone(Surroundings& around, const ListCommand& command) {
  std::vector<Asked> all;
  if (const auto& status = around.gateway_status()) {
    for (const auto& server : servers_in(*status)) {
      if (server.state == "disabled") continue;
      Asked asked{around.through_gateway(server.name), {}};
      if (server.state != "ready") {
        asked.remark = server.reason.empty() ? server.state
                                             : fmt::format("{}: {}", server.state, server.reason);
      }
      all.push_back(std::move(asked));
    }
    return all;
  }
  if (!around.config()) return std::unexpected(around.config().error());
  for (const auto& entry : around.config()->servers) {
    if (!entry.error && !entry.config.enabled) continue;
    ServerOptions options = command;
    options.server = entry.config.name;
    auto to = around.find_direct(options);
    Asked asked;
    asked.to.config.name = entry.config.name;
    if (to) {
      asked.to = std::move(*to);
    } else {
      asked.listing = std::unexpected(to.error());
      asked.remark = to.error().detail;
    }
    all.push_back(std::move(asked));
  }
  return all;
}

void ask_all(
    const Surroundings& around, std::vector<Asked>& all, const std::vector<ListKind>& kinds
) {
  std::vector<std::future<void>> running;
  for (auto& asked : all) {
    if (asked.to.config.url.empty() && asked.to.config.command.empty()) continue;
    running.push_back(std::async(std::launch::async, [&around, &asked, &kinds] {
      asked.listing = take_listing(around, asked.to, kinds);
    }));
  }
  for (auto& each : running) each.get();
}

/// What the gateway would list as one; a server that is away is missing.
int print_aggregate(const std::vector<Asked>& all, ListKind kind) {
  std::vector<gateway::Contribution> shares;
  for (const auto& asked : all) {
    if (asked.listing) {
      shares.push_back(asked.listing->share);
    } else {
      complain(failed, asked.listing.error().detail);
    }
  }
  const gateway::Aggregate all_as_one(shares);
  print(gateway::joined(all_as_one.list(kind, gateway::Era::legacy)) + "\n");
  return shares.empty() && !all.empty() ? failed : success;
}

int list_all(Surroundings& around, const ListCommand& command) {
  if (command.json && around.gateway_status()) return list_gateway(around, command);
  auto all = everyone(around, command);
  if (!all) return complain(all.error());
  const auto kinds = kinds_for(command);
  ask_all(around, *all, kinds);
  if (command.json) return print_aggregate(*all, command.kind);
  bool any = all->empty();
  std::string out;
  for (const auto& asked : *all) {
    if (!out.empty()) out += '\n';
    const auto& name = asked.to.config.name;
    if (!asked.listing) {
      const auto why = asked.remark.empty() ? asked.listing.error().detail : asked.remark;
      out += fmt::format("{} (not available)\n", bold(name));
      complain(failed, why.starts_with(name) ? why : fmt::format("{}: {}", name, why));
      continue;
    }
    const auto rows = all_rows(kinds, *asked.listing);
    any = true;
    const auto remark = asked.remark.empty() ? std::string() : ", " + one_line(asked.remark);
    out += fmt::format("{} ({} {}{})\n", bold(name), rows.size(), noun(command.kind), remark);
    out += table(rows, terminal_width(), 2);
  }
  print(out);
  return any ? success : failed;
}

}  // namespace

int list(const ListCommand& command) {
  const Interrupts interrupts;
  Surroundings around(command);
  return command.server.empty() ? list_all(around, command) : list_one(around, command);
}

}  // namespace mooring::cli
