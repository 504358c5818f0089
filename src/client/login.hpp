#pragma once

#include <mooring/client.hpp>

#include "auth/authenticator.hpp"

namespace mooring::client {

/// How a Client signs in: with its `authorize` handler; what it keeps, as the options say.
Result<auth::AuthenticatorParts> authenticator_parts(
    io::Worker& worker, const ClientOptions& options
);

}  // namespace mooring::client
