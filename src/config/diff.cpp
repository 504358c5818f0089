#include "config/diff.hpp"

namespace mooring::config {

bool Diff::empty() const {
  return added.empty() && removed.empty() && changed.empty() && !gateway_changed;
}

namespace {

/// What its headers hold now is looked up for every session, and no reason to start anew.
bool same_server(UpstreamConfig before, UpstreamConfig after) {
  if (!before.header_templates.empty() && before.header_templates == after.header_templates) {
    before.headers.clear();
    after.headers.clear();
  }
  return before == after;
}

}  // namespace

Diff diff(const Config& before, const Config& after) {
  Diff out;
  out.gateway_changed = before.gateway != after.gateway;
  for (const ServerEntry& entry : after.servers) {
    if (after.find(entry.config.name) != &entry) continue;  // a name given twice: the first counts
    const ServerEntry* former = before.find(entry.config.name);
    if (former == nullptr) {
      out.added.push_back(entry.config.name);
      continue;
    }
    // Of two that cannot be started only what is reported may differ.
    const bool both_fail = entry.error && former->error;
    const bool same_fate = entry.error.has_value() == former->error.has_value();
    const bool same = both_fail ? entry.error->detail == former->error->detail
                                : same_fate && same_server(entry.config, former->config);
    (same ? out.unchanged : out.changed).push_back(entry.config.name);
  }
  for (const ServerEntry& entry : before.servers) {
    const bool first = before.find(entry.config.name) == &entry;
    if (first && after.find(entry.config.name) == nullptr) out.removed.push_back(entry.config.name);
  }
  return out;
}

}  // namespace mooring::config
