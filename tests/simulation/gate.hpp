#pragma once

#include <memory>
#include <string>

#include "auth/authenticator.hpp"
#include "auth/server/authorization_server.hpp"
#include "core/random.hpp"
#include "draw.hpp"
#include "io/worker.hpp"
#include "scene.hpp"
#include "transport/credentials.hpp"

namespace mooring::simulation {

/// What stands before a server that wants access tokens: its authorization server, with tokens that
/// end, grants that are revoked and trouble at the token endpoint; and the person who signs in.
class Gate {
 public:
  Gate(
      Scene& scene, io::Worker& home, Draw draw, std::shared_ptr<const UpstreamConfig> config,
      core::Random& random
  );

  const std::shared_ptr<transport::Credentials>& credentials() const { return credentials_; }
  const std::shared_ptr<auth::Authenticator>& authenticator() const { return authenticator_; }

  bool lets_in(const std::string& token);
  /// The server refuses a request whatever its token.
  void refused() { ++refusals_; }
  /// The operator asks for another attempt.
  void asked() { ++asked_; }
  /// What befalls it in so much time.
  void begin(Duration trouble);
  /// Nothing goes wrong any more, and somebody has signed in.
  void calm();
  /// Holds what was seen against what is promised.
  void check();

 private:
  class Way;

  auth::SystemTime clock() const;
  void sign_in();
  void revoke();
  auth::Reply answer(const auth::Request& request);

  Scene& scene_;
  io::Worker& home_;
  Draw draw_;
  std::shared_ptr<const UpstreamConfig> config_;
  core::SeededRandom random_;
  test_auth::AuthorizationServer server_;
  std::shared_ptr<auth::CredentialStore> store_;
  std::shared_ptr<transport::Credentials> credentials_;
  std::shared_ptr<auth::Authenticator> authenticator_;
  bool calm_ = false;
  Duration trouble_until_{0};
  int expirations_ = 0, refusals_ = 0, asked_ = 0, sign_ins_ = 0;
  /// Requests when the grant was revoked, and how often the operator had asked; empty: it is good.
  std::optional<std::pair<std::size_t, int>> revoked_;
};

}  // namespace mooring::simulation
