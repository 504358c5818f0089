#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/grant.hpp"

/// What the authorization server gave out and has to remember.
namespace mooring::test_auth {

/// All tokens that come from one consent.
struct Family {
  std::string client;
  std::string subject;
  std::string resource;
  std::vector<std::string> scopes;
  std::string thumbprint;  ///< of the DPoP key; empty: bearer tokens
  bool revoked = false;
};

struct AccessToken {
  std::shared_ptr<Family> family;
  std::string resource;
  std::vector<std::string> scopes;
  auth::SystemTime ends;
  bool dead = false;
};

struct RefreshToken {
  std::shared_ptr<Family> family;
  std::optional<auth::SystemTime> ends;
  std::optional<auth::SystemTime> used;
  bool dead = false;
};

struct Code {
  std::string client, redirect_uri, challenge, resource;
  std::vector<std::string> scopes;
  auth::SystemTime ends;
  std::shared_ptr<Family> spent_for;  ///< null: not used so far
};

struct Device {
  enum class Person { silent, agreed, refused };
  std::string user_code, client, resource;
  std::vector<std::string> scopes;
  auth::SystemTime ends;
  std::chrono::milliseconds interval{0};
  Person person = Person::silent;
  int polls = 0;
  std::optional<auth::SystemTime> last_poll;
  bool spent = false;
};

template <class T>
using ByName = std::map<std::string, T, std::less<>>;

}  // namespace mooring::test_auth
