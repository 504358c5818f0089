#include "auth/fetch_policy.hpp"

#include <fmt/format.h>

namespace mooring::auth {

Result<void> FetchPolicy::check(const core::Url& url) const {
  if (!url.userinfo.empty())
    return fail(Reason::protocol, fmt::format("{} carries credentials", url.text()));
  if (!url.is_tls() && !url.is_loopback())
    return fail(Reason::protocol, fmt::format("{} is not https", url.text()));
  if (!inside_ && (url.is_loopback() || core::is_private_address(url.host))) {
    return fail(
        Reason::protocol,
        fmt::format("{} is an address inside, and the server is on the public network", url.text())
    );
  }
  return {};
}

bool FetchPolicy::admits(std::string_view address) const {
  return inside_ || !core::is_private_address(address);
}

}  // namespace mooring::auth
