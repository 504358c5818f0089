// The part of the Gateway that follows what servers list: the routing table, and who hears of it.
#include <set>
#include <utility>

#include "core/log.hpp"
#include "gateway/gateway.hpp"
#include "gateway/known_server.hpp"
#include "protocol/messages.hpp"

namespace mooring::gateway {

using upstream::ListKind;

namespace {

std::string_view list_changed_method(ListKind kind) {
  switch (kind) {
    case ListKind::tools:
      return "notifications/tools/list_changed";
    case ListKind::prompts:
      return "notifications/prompts/list_changed";
    case ListKind::resources:
    case ListKind::resource_templates:
      return "notifications/resources/list_changed";
  }
  return {};
}

}  // namespace

void Gateway::changed(const std::string& server) {
  if (watcher_ != nullptr) watcher_->changed(server);
  workers_.front()->post([this, server] {
    stale_.insert(server);
    if (rebuild_posted_) return;
    rebuild_posted_ = true;
    // Many upstreams change at once at the start: one table for all of them.
    workers_.front()->post([this] {
      rebuild_posted_ = false;
      rebuild();
    });
  });
}

Contribution Gateway::contribution_of(const Upstream& upstream) const {
  Contribution now{upstream.config->name, upstream.config, nullptr, "{}"};
  if (upstream.live.links.empty()) return now;
  const auto& snapshot = upstream.live.links.front()->snapshot();
  if (snapshot.catalogue) {
    now.catalogue = snapshot.catalogue;
    now.capabilities = snapshot.server.capabilities;
    now.modern = snapshot.server.modern();
  } else if (upstream.inherited && snapshot.state == upstream::State::connecting) {
    // What its predecessor listed stands until it has connected for the first time.
    now = upstream.inherited->from;
    now.config = upstream.config;
  }
  return now;
}

bool Gateway::look_again(Upstream& upstream) {
  auto now = contribution_of(upstream);
  const auto before = upstream.shown ? upstream.shown : upstream.inherited;
  if (upstream.inherited && now.catalogue && now.catalogue != upstream.inherited->from.catalogue)
    upstream.inherited = nullptr;  // it has connected
  if (upstream.shown && upstream.shown->from == now) return false;
  const bool relisted = !upstream.shown || upstream.shown->from.catalogue != now.catalogue;
  if (catalogues_ != nullptr && now.catalogue && relisted && upstream.config->lazy) {
    const auto& server = upstream.live.links.front()->snapshot().server;
    if (!server.result.empty())
      catalogues_->keep(remembered(*upstream.config, server, *now.catalogue));
  }
  upstream.shown = shown_server(std::move(now), before.get());
  if (upstream.shown->share) warn_of(upstream.shown->share->warnings);
  return true;
}

/// Looks at those alone that have changed: what stands of the others is kept.
void Gateway::rebuild() {
  // Half an exchange must not be shown, nor the emptiness at the end.
  if (applying_ || stopping_) return;
  const bool same_servers = table_->names == order_;
  bool differs = !same_servers;
  std::vector<const Upstream*> looked_at, newcomers;
  for (const auto& name : std::exchange(stale_, {})) {
    const auto found = upstreams_.find(name);
    if (found == upstreams_.end()) continue;
    auto& upstream = *found->second;
    const bool known = upstream.shown && upstream.shown->from.catalogue;
    differs = look_again(upstream) || differs;
    looked_at.push_back(&upstream);
    if (!known && upstream.shown->from.catalogue) newcomers.push_back(&upstream);
  }
  if (!differs) return;
  auto table = std::make_shared<RoutingTable>();
  table->names = order_;
  if (same_servers) table->servers = table_->servers;
  table->servers.resize(order_->size());
  for (const auto* upstream : looked_at) {
    if (const auto at = order_->find(upstream->config->name)) table->servers[*at] = upstream->shown;
  }
  std::vector<SharePtr> shares;
  shares.reserve(table->servers.size());
  for (const auto& server : table->servers) shares.push_back(server ? server->share : nullptr);
  table->aggregate =
      std::make_shared<const Aggregate>(order_, std::move(shares), table_->aggregate.get());
  warn_of(table->aggregate->warnings());
  const auto before = std::exchange(table_, table);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i]->on_this_thread()) {
      routers_[i]->publish(table);
    } else {
      workers_[i]->post([router = routers_[i].get(), table] { router->publish(table); });
    }
  }
  tell_aggregate_changes(before->aggregate.get(), *table->aggregate);
  for (const auto* upstream : newcomers) tell_first_lists(*upstream);
}

void Gateway::warn_of(const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) {
    if (warned_.insert(warning).second) core::log::warn("catalogue", "{}", warning);
  }
}

/// Who asked this server alone before it had ever connected got an error for a list.
void Gateway::tell_first_lists(const Upstream& upstream) {
  std::set<std::string_view> methods;
  for (const auto kind : upstream::all_lists) {
    if (upstream.shown->from.lists()[kind].offered) methods.insert(list_changed_method(kind));
  }
  for (const auto method : methods) {
    control_.listeners().to_endpoint(upstream.config->name, protocol::make_notification(method));
  }
}

void Gateway::tell_aggregate_changes(const Aggregate* before, const Aggregate& after) {
  if (before == nullptr) return;
  bool resources_told = false;
  for (const auto kind : upstream::all_lists) {
    if (after.lists_same(*before, kind)) continue;
    const bool about_resources =
        kind == ListKind::resources || kind == ListKind::resource_templates;
    if (about_resources && std::exchange(resources_told, true)) continue;
    control_.listeners().to_endpoint("", protocol::make_notification(list_changed_method(kind)));
  }
}

void Gateway::list_changed(const std::string& server, ListKind kind) {
  // Posted twice as `changed` is, so that the new table stands when clients come to list.
  workers_.front()->post([this, server, kind] {
    workers_.front()->post([this, server, kind] {
      control_.listeners().to_endpoint(
          server, protocol::make_notification(list_changed_method(kind))
      );
    });
  });
}

}  // namespace mooring::gateway
