#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/url.hpp"

namespace mooring::core {

/// The proxy settings of the environment, in curl's reading: http_proxy / HTTP_PROXY, HTTPS_PROXY,
/// ALL_PROXY and NO_PROXY, the lower-case name first. Immutable after construction; safe from any
/// thread.
class ProxySettings {
 public:
  using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

  ProxySettings() = default;  ///< everything direct
  static ProxySettings from(const Lookup& lookup);
  static ProxySettings from_environment();  ///< of this process

  /// The proxy (scheme, host, port, userinfo) to reach `url` through; empty: directly. Loopback is
  /// always direct.
  std::optional<Url> proxy_for(const Url& url) const;
  /// What could not be used and why, one sentence each ("HTTPS_PROXY: …"), for a warning at start.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Exception {  ///< one entry of NO_PROXY
    enum class Kind { any, host, suffix, network } kind = Kind::host;
    std::string host;  ///< suffix: without the leading dot
    std::optional<std::uint16_t> port;
    std::uint32_t network = 0;
    std::uint32_t mask = 0;
  };

  void read_proxy(const Lookup& lookup, const char* name, std::optional<Url>& out);
  void read_exceptions(std::string_view list);
  bool is_direct(const Url& url) const;

  std::optional<Url> http_;
  std::optional<Url> https_;
  std::vector<Exception> exceptions_;
  std::vector<std::string> problems_;
};

}  // namespace mooring::core
