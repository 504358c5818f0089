#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace mooring::server {

/// Static bearer tokens (RFC 6750 §2.1). Without tokens everybody is let in.
class Bearer {
 public:
  explicit Bearer(std::vector<config::GatewayToken> tokens) : tokens_(std::move(tokens)) {}

  bool required() const { return !tokens_.empty(); }
  /// Whom an Authorization header names; "" where no token is required; nothing: refused. Takes the
  /// same time whether a token is nearly right or quite wrong.
  std::optional<std::string> principal(std::string_view authorization) const;

 private:
  std::vector<config::GatewayToken> tokens_;
};

}  // namespace mooring::server
