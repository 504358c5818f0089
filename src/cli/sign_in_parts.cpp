#include "cli/sign_in_parts.hpp"

#include "config/header_values.hpp"
#include "store/credential_store.hpp"

namespace mooring::cli {

Result<auth::AuthenticatorParts> sign_in_parts(const std::filesystem::path& state_dir) {
  auto store = store::open_credentials(state_dir);
  if (!store) return std::unexpected(store.error());
  auth::AuthenticatorParts parts;
  parts.store = std::move(*store);
  parts.fetcher = auth::http_fetchers();
  parts.headers = [](const UpstreamConfig& config) {
    return config::resolve_headers(config, config::process_env());
  };
  return parts;
}

}  // namespace mooring::cli
