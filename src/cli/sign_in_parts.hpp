#pragma once

#include <filesystem>
#include <mooring/result.hpp>

#include "auth/authenticator.hpp"

namespace mooring::cli {

/// What signs in to servers, with the credentials of the state directory (made where it is
/// missing). An error: MOORING_KEY makes no sense, or the disk says no.
Result<auth::AuthenticatorParts> sign_in_parts(const std::filesystem::path& state_dir);

}  // namespace mooring::cli
