#pragma once

#include <mooring/result.hpp>

#include "core/url.hpp"

namespace mooring::auth {

/// Which addresses a server may send us to: what a server on the public network says must not make
/// us talk to machines inside (MCP "Security Best Practices", SSRF). A value.
class FetchPolicy {
 public:
  /// `inside`: the MCP server itself is on this machine or on a private network, so that its
  /// authorization server may be there, too.
  explicit FetchPolicy(bool inside) : inside_(inside) {}

  /// https, or http to this machine; no private address written out where the server is public.
  Result<void> check(const core::Url& url) const;
  /// What a host name turned out to mean: an address literal.
  bool admits(std::string_view address) const;

 private:
  bool inside_;
};

}  // namespace mooring::auth
