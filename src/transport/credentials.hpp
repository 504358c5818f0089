#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/url.hpp"

namespace mooring::transport {

/// A key that vouches for each request anew (RFC 9449). Safe from any thread.
class ProofOfPossession {
 public:
  virtual ~ProofOfPossession() = default;
  /// The value of the `DPoP` header.
  virtual std::string proof(
      std::string_view method, const core::Url& url, std::string_view access_token
  ) = 0;
  /// The server at `url` wants this nonce in the next proofs.
  virtual void nonce(const core::Url& url, std::string_view value) = 0;
};

/// What the requests to one server carry to be let in: the configured headers and, where somebody
/// signed in, an access token. Written by the upstream's home worker, read by every worker's
/// channel: a request looks at `version()`, and takes the rest only where that has changed.
class Credentials {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct Value {
    std::uint64_t version = 0;                 ///< grows with every change
    Headers headers;                           ///< configured
    std::string token;                         ///< empty: nobody signed in
    std::shared_ptr<ProofOfPossession> proof;  ///< of the token; empty: a bearer token
  };

  explicit Credentials(Headers configured = {});
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const Value> current() const;

  /// Nothing happens where they are the same.
  void set_headers(Headers configured);
  /// Empty: signed out.
  void set_token(std::string token, std::shared_ptr<ProofOfPossession> proof = nullptr);

 private:
  void publish(Value value);

  mutable std::mutex mutex_;
  std::shared_ptr<const Value> value_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace mooring::transport
