#include "gateway/listen_filter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

namespace {
constexpr std::size_t most_uris = 1000;
}

std::expected<ListenFilter, std::string> ListenFilter::read(std::string_view params) {
  const auto wanted = protocol::member(params, "notifications");
  if (!wanted || !protocol::is_object(*wanted))
    return std::unexpected("subscriptions/listen needs params.notifications");
  const auto flag = [&](std::string_view key) {
    const auto value = protocol::member(*wanted, key);
    return value && protocol::is_true(*value);
  };
  ListenFilter filter;
  filter.tools = flag("toolsListChanged");
  filter.prompts = flag("promptsListChanged");
  filter.resources = flag("resourcesListChanged");
  if (const auto uris = protocol::member(*wanted, "resourceSubscriptions")) {
    if (!protocol::is_array(*uris))
      return std::unexpected("resourceSubscriptions is an array of URIs");
    bool all_text = true;
    protocol::for_each_element(*uris, [&](std::string_view uri) {
      all_text = protocol::is_string(uri);
      if (all_text) filter.uris.push_back(protocol::unescape(uri));
      return all_text;
    });
    if (!all_text) return std::unexpected("resourceSubscriptions is an array of URIs");
    if (filter.uris.size() > most_uris) {
      return std::unexpected(fmt::format("resourceSubscriptions has more than {} URIs", most_uris));
    }
    std::ranges::sort(filter.uris);
    const auto repeated = std::ranges::unique(filter.uris);
    filter.uris.erase(repeated.begin(), repeated.end());
  }
  return filter;
}

std::string ListenFilter::to_json() const {
  std::string json = "{}";
  if (tools) json = protocol::with_member(json, "toolsListChanged", "true");
  if (prompts) json = protocol::with_member(json, "promptsListChanged", "true");
  if (resources) json = protocol::with_member(json, "resourcesListChanged", "true");
  if (uris.empty()) return json;
  std::string list;
  for (const auto& uri : uris) list += (list.empty() ? "" : ",") + protocol::quote(uri);
  return protocol::with_member(json, "resourceSubscriptions", fmt::format("[{}]", list));
}

bool ListenFilter::wants(const protocol::Frame& notification) const {
  const auto& method = notification.method();
  if (method == "notifications/tools/list_changed") return tools;
  if (method == "notifications/prompts/list_changed") return prompts;
  if (method == "notifications/resources/list_changed") return resources;
  return method == "notifications/resources/updated" &&
         std::ranges::binary_search(uris, notification.uri());
}

protocol::Frame tagged(const protocol::Frame& notification, std::string_view id) {
  return *protocol::Frame::parse(protocol::make_notification(
      notification.method(),
      protocol::with_meta(notification.params(), protocol::meta_subscription_id, id)
  ));
}

}  // namespace mooring::gateway
