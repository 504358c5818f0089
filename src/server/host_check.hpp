#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mooring::server {

/// Guards against DNS rebinding (2025-11-25 transports, "Security Warning"). Loopback names with
/// any port are always let in.
struct HostCheck {
  std::vector<std::string> allowed_hosts;  ///< host names without port; "*" lets every host in
  std::vector<std::string>
      allowed_origins;  ///< whole origins, "https://app.example.com"; "*" lets every origin in

  bool host_ok(std::string_view host_header) const;
  /// An absent Origin (no browser) is fine.
  bool origin_ok(std::string_view origin_header) const;
};

}  // namespace mooring::server
