#pragma once

#include <filesystem>
#include <memory>
#include <mooring/result.hpp>
#include <optional>
#include <string>

#include "auth/credential_store.hpp"
#include "core/seal.hpp"

namespace mooring::store {

/// Grants and registrations in STATE/credentials.db (0600), each sealed with `key`; locks in
/// STATE/locks. Several processes may have it open.
Result<std::shared_ptr<auth::CredentialStore>> open_credentials(
    const std::filesystem::path& state_dir, core::SealKey key
);

/// The same, with the key that MOORING_KEY of this process names, or that of the directory.
Result<std::shared_ptr<auth::CredentialStore>> open_credentials(
    const std::filesystem::path& state_dir
);

/// What the credentials are sealed with: `from_environment` (MOORING_KEY: 32 bytes as 64 hex digits
/// or base64), else STATE/credentials.key, made on first use. Reason::config where MOORING_KEY is
/// neither; its value is never told.
Result<core::SealKey> credential_key(
    const std::filesystem::path& state_dir, const std::optional<std::string>& from_environment
);

}  // namespace mooring::store
