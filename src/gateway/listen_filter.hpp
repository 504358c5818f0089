#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/frame.hpp"

namespace mooring::gateway {

/// What a modern client wants to be told while its `subscriptions/listen` stands (2026-07-28
/// "Subscriptions"). A value.
struct ListenFilter {
  bool tools = false;      ///< toolsListChanged
  bool prompts = false;    ///< promptsListChanged
  bool resources = false;  ///< resourcesListChanged
  std::vector<std::string> uris;

  /// From the raw params; a sentence where they make no sense.
  static std::expected<ListenFilter, std::string> read(std::string_view params);
  /// The raw object as the acknowledgement repeats it.
  std::string to_json() const;
  bool wants(const protocol::Frame& notification) const;
};

/// The notification as the stream of the listen with the raw `id` carries it.
protocol::Frame tagged(const protocol::Frame& notification, std::string_view id);

}  // namespace mooring::gateway
