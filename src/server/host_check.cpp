#include "server/host_check.hpp"

#include <algorithm>

#include "core/url.hpp"
#include "io/http_fields.hpp"

namespace mooring::server {

namespace {

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::any_of(list, [value](const std::string& entry) {
    return entry == "*" || io::equals_ignoring_case(entry, value);
  });
}

}  // namespace

bool HostCheck::host_ok(std::string_view host_header) const {
  const auto host = without_port(host_header);
  return core::is_loopback_host(host) || contains(allowed_hosts, host);
}

bool HostCheck::origin_ok(std::string_view origin_header) const {
  if (origin_header.empty() || contains(allowed_origins, origin_header)) return true;
  const auto url = core::Url::parse(origin_header);
  return url && url->is_loopback();
}

}  // namespace mooring::server
