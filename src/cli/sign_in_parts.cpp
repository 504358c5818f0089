#include "cli/sign_in_parts.hpp"

#include "cli/surroundings.hpp"
#include "config/header_values.hpp"
#include "core/proxy_env.hpp"
#include "store/credential_store.hpp"

namespace mooring::cli {

Result<auth::AuthenticatorParts> sign_in_parts(const std::filesystem::path& state_dir) {
  const auto key = store::credential_key(state_dir, environment("MOORING_KEY"));
  if (!key) return std::unexpected(key.error());
  auto store = store::open_credentials(state_dir, *key);
  if (!store) return std::unexpected(store.error());
  auth::AuthenticatorParts parts;
  parts.store = std::move(*store);
  const auto proxies =
      std::make_shared<const core::ProxySettings>(core::ProxySettings::from_environment());
  parts.fetcher = [proxies](io::Worker& home, const UpstreamConfig& config) {
    return std::make_unique<auth::HttpFetcher>(
        home, io::TlsClientOptions{config.ssl_verify, config.ca_file, {}, {}}, proxies
    );
  };
  parts.headers = [](const UpstreamConfig& config) {
    return config::resolve_headers(config, config::process_env());
  };
  return parts;
}

}  // namespace mooring::cli
