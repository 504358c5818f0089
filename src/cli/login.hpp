#pragma once

#include <string>

#include "cli/options.hpp"

namespace mooring::cli {

struct LoginCommand : ServerOptions {
  bool device = false;    ///< the person signs in on another device (RFC 8628)
  bool headless = false;  ///< the person pastes back where the browser was sent to
  std::string scope;      ///< besides what the server asks for
};

/// `mooring login SERVER`: a person signs in; the running gateway goes on with that. What was kept
/// before stays until it has worked.
int login(const LoginCommand& command);
/// `mooring logout SERVER`: forgets the sign-in, and tells the authorization server.
int logout(const ServerOptions& options);
/// `mooring token SERVER`: prints a fresh access token.
int token(const ServerOptions& options);

}  // namespace mooring::cli
