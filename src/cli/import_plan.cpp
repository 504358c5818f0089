#include "cli/import_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/config_editor.hpp"
#include "cli/text.hpp"
#include "config/values.hpp"
#include "core/redact.hpp"
#include "core/url.hpp"
#include "protocol/names.hpp"

namespace mooring::cli {

using Verdict = PlannedServer::Verdict;

namespace {

std::map<std::string, std::string> headers_of(const UpstreamConfig& config) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : config.headers) out[config::lower(name)] = value;
  return out;
}

/// Reached in the same way; how it is treated is the operator's business. Variables may have been
/// added: those that credentials were moved to are.
bool same_server(const UpstreamConfig& there, const UpstreamConfig& found) {
  const bool same_way = there.transport == found.transport ||
                        there.transport == TransportKind::automatic ||
                        found.transport == TransportKind::automatic;
  const bool same_env = std::ranges::all_of(found.env, [&](const auto& variable) {
    const auto at = there.env.find(variable.first);
    return at != there.env.end() && at->second == variable.second;
  });
  return there.url == found.url && same_way && headers_of(there) == headers_of(found) &&
         there.command == found.command && there.args == found.args && same_env;
}

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::add:
      return "add";
    case Verdict::replace:
      return "replace";
    case Verdict::same:
      return "same";
    case Verdict::differs:
      return "differs";
    case Verdict::cannot:
      return "cannot";
  }
  return {};
}

/// As it will be written, its credentials left out.
std::string shown_way(config::ServerDraft draft) {
  const auto taken = config::take_secrets(draft);
  auto text = draft.url;
  if (text.empty()) {
    text = draft.command;
    for (const auto& arg : draft.args) text += " " + arg;
  }
  for (const auto& [name, value] : taken) {
    core::register_secret(value);
    const auto reference = "${" + name + "}";
    const auto at = text.find(reference);
    if (at != std::string::npos) text.replace(at, reference.size(), core::redacted);
  }
  if (!draft.enabled) text += " (disabled)";
  return one_line(core::redact(text));
}

}  // namespace

ImportPlan::ImportPlan(
    const config::Config& present, bool replace, std::vector<std::string> gateways
)
    : present_(present), replace_(replace), gateways_(std::move(gateways)) {}

void ImportPlan::add(config::ForeignServer server, std::string from) {
  PlannedServer planned{std::move(server), std::move(from)};
  planned.verdict = judge(planned.server);
  if (planned.is_written()) {
    seen_.push_back(config::preview(planned.server.draft, forgiving_environment()).config);
  }
  servers_.push_back(std::move(planned));
}

Verdict ImportPlan::judge(config::ForeignServer& server) const {
  auto& draft = server.draft;
  if (server.obstacle.empty() && leads_back(draft)) server.obstacle = "it is Mooring itself";
  if (!server.obstacle.empty()) return Verdict::cannot;
  const auto entry = config::preview(draft, forgiving_environment());
  if (entry.error) {
    server.obstacle = entry.error->detail;
    return Verdict::cannot;
  }
  const auto found_before = std::ranges::find(seen_, draft.name, &UpstreamConfig::name);
  if (found_before != seen_.end()) {
    if (same_server(*found_before, entry.config)) return Verdict::same;
    server.notes.insert(server.notes.begin(), "the first one of this name is taken");
    return Verdict::differs;
  }
  if (const auto* there = present_.find(draft.name)) {
    if (same_server(there->config, entry.config)) return Verdict::same;
    if (replace_) return Verdict::replace;
    server.notes.insert(
        server.notes.begin(), "the configuration has another one; --replace takes this one"
    );
    return Verdict::differs;
  }
  const auto public_form = protocol::sanitize_name(draft.name);
  const auto clashes = [&](const std::string& other) {
    return protocol::sanitize_name(other) == public_form;
  };
  for (const auto& other : present_.servers) {
    if (clashes(other.config.name)) server.obstacle = other.config.name;
  }
  for (const auto& other : seen_) {
    if (clashes(other.name)) server.obstacle = other.name;
  }
  if (server.obstacle.empty()) return Verdict::add;
  server.obstacle = fmt::format("its name cannot be told from {} in tool names", server.obstacle);
  return Verdict::cannot;
}

bool ImportPlan::leads_back(const config::ServerDraft& draft) const {
  if (draft.command.substr(draft.command.rfind('/') + 1) == "mooring") return true;
  const auto url = core::Url::parse(draft.url);
  if (!url) return false;
  const auto path = url->path();
  return std::ranges::any_of(gateways_, [&](const std::string& gateway) {
    const auto own = core::Url::parse(gateway);
    const bool same_host = own && own->port == url->port &&
                           (own->host == url->host || (own->is_loopback() && url->is_loopback()));
    return same_host && (path == "/sse" || path == "/mcp" || path.starts_with("/mcp/"));
  });
}

std::size_t ImportPlan::count() const {
  return static_cast<std::size_t>(std::ranges::count_if(servers_, &PlannedServer::is_written));
}

std::string ImportPlan::table(std::size_t width) const {
  std::vector<std::vector<std::string>> rows = {{"SERVER", "WHAT", "FROM", "HOW"}};
  std::string notes;
  for (const auto& [server, from, verdict] : servers_) {
    const auto name = one_line(server.draft.name);
    rows.push_back({name, std::string(word(verdict)), one_line(from), shown_way(server.draft)});
    if (!server.obstacle.empty()) {
      notes += fmt::format("{} ({}): {}\n", name, from, one_line(core::redact(server.obstacle)));
    }
    if (verdict == Verdict::same || verdict == Verdict::cannot) continue;
    for (const auto& note : server.notes) {
      notes += fmt::format("{} ({}): {}\n", name, from, one_line(core::redact(note)));
    }
  }
  auto text = cli::table(rows, width);
  return notes.empty() ? text : text + "\n" + notes;
}

}  // namespace mooring::cli
