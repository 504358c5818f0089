#pragma once

#include <expected>
#include <memory>
#include <string>

#include "io/http_client.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace mooring::io {

struct SslDeleter {
  void operator()(ssl_st* ssl) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslDeleter>;

/// The settings all TLS connections of one client share. Loading the system's store takes
/// milliseconds, so there is one.
class TlsContext {
 public:
  /// Fails with one line that names the file.
  static std::expected<std::shared_ptr<TlsContext>, std::string> make(
      const TlsClientOptions& options
  );
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// A client's end on a connected non-blocking socket: SNI, and the certificate has to be for
  /// `host`. Null: out of memory.
  SslPtr session(int socket, const std::string& host) const;

 private:
  TlsContext() = default;

  ssl_ctx_st* context_ = nullptr;
  bool verify_ = true;
};

/// Why the last handshake on `ssl` failed: "certificate verify failed: self-signed certificate".
std::string handshake_error(ssl_st* ssl, int status);
/// Why the last OpenSSL call failed, "connection closed" where the peer just went away.
std::string tls_error(ssl_st* ssl, int status, int saved_errno);

}  // namespace mooring::io
