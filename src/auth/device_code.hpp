#pragma once

#include <mooring/result.hpp>
#include <optional>
#include <string>

#include "auth/token_endpoint.hpp"

namespace mooring::auth {

/// What a person has to do on another device.
struct DevicePrompt {
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;  ///< empty: not offered
  std::chrono::seconds expires_in{0};
};

/// Device Authorization Grant (RFC 8628). A state machine without I/O: `Request::after` of its
/// requests is the poll interval, which grows by 5 s whenever the server says slow_down.
class DeviceCode {
 public:
  DeviceCode(
      core::Url device_endpoint, core::Url token_endpoint, std::string issuer, TokenClient client,
      std::string resource, std::vector<std::string> scopes, core::Random& random
  );

  std::optional<Request> next(SystemTime now);
  void take(const Reply& reply, SystemTime now);
  /// Set once the server has answered the first request.
  const std::optional<DevicePrompt>& prompt() const { return prompt_; }
  /// Once `next` has nothing more.
  const TokenAnswer& result() const { return result_; }

 private:
  void took_codes(const Reply& reply, SystemTime now);
  void took_tokens();

  core::Url device_endpoint_, token_endpoint_;
  std::string issuer_;
  TokenClient client_;
  std::string resource_;
  std::vector<std::string> scopes_;
  core::Random& random_;
  std::optional<DevicePrompt> prompt_;
  std::string device_code_;
  SystemTime ends_{};
  core::Duration interval_ = std::chrono::seconds(5);
  std::optional<TokenRequest> poll_;
  bool done_ = false;
  TokenAnswer result_;
};

}  // namespace mooring::auth
