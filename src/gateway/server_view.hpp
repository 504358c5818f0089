#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/contribution.hpp"
#include "gateway/list_text.hpp"

namespace mooring::gateway {

/// What one upstream shows at `/mcp/SERVER`: its lists after the tool filter, ready to be sent.
/// With nothing to filter or to normalize the server's own bytes are kept. Immutable once
/// published.
class ServerView {
 public:
  explicit ServerView(const Contribution& contribution);

  bool offers(upstream::ListKind kind) const { return text(kind).has_value(); }
  /// Of a list that it offers.
  Pieces list(upstream::ListKind kind, Era era) const;
  bool shows_tool(std::string_view name) const;

 private:
  const std::optional<ListText>& text(upstream::ListKind kind) const {
    return lists_[static_cast<std::size_t>(kind)];
  }

  std::array<std::optional<ListText>, 4> lists_;   ///< by ListKind
  std::optional<std::string> legacy_tools_;        ///< for legacy clients, where it differs
  std::optional<std::vector<std::string>> shown_;  ///< the tools, sorted; empty: all
};

}  // namespace mooring::gateway
