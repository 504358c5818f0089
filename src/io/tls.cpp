#include "io/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "io/resolver.hpp"

namespace mooring::io {

void SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

namespace {

std::string last_reason() {
  const auto code = ERR_peek_last_error();
  if (code == 0) return "unknown error";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

}  // namespace

std::expected<std::shared_ptr<TlsContext>, std::string> TlsContext::make(
    const TlsClientOptions& options
) {
  const auto bad = [](std::string_view what, const std::string& file) {
    return std::unexpected(fmt::format("{} {}: {}", what, file, last_reason()));
  };
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->verify_ = options.verify;
  made->context_ = SSL_CTX_new(TLS_client_method());
  auto* const context = made->context_;
  if (context == nullptr) return std::unexpected("TLS is not available: " + last_reason());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(
      context,
      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
  );
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  constexpr unsigned char http_1_1[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, http_1_1, sizeof http_1_1 - 1);

  if (!options.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
      return bad("cannot read the CA file", options.ca_file);
    }
  } else if (options.verify && SSL_CTX_set_default_verify_paths(context) != 1) {
    return std::unexpected("cannot read the system's certificates: " + last_reason());
  }
  if (!options.client_cert.empty()) {
    const auto& key = options.client_key.empty() ? options.client_cert : options.client_key;
    if (SSL_CTX_use_certificate_chain_file(context, options.client_cert.c_str()) != 1) {
      return bad("cannot read the client certificate", options.client_cert);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return bad("cannot read the client key", key);
    }
  }
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

SslPtr TlsContext::session(int socket, const std::string& host) const {
  ERR_clear_error();
  SslPtr ssl(SSL_new(context_));
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
  SSL_set_connect_state(ssl.get());
  boost::system::error_code not_an_address;
  static_cast<void>(boost::asio::ip::make_address(host, not_an_address));
  if (not_an_address) {
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());  // RFC 6066 §3: names only
    if (verify_ && SSL_set1_host(ssl.get(), host.c_str()) != 1) return nullptr;
  } else if (verify_ &&
             X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) != 1) {
    return nullptr;
  }
  return ssl;
}

std::string handshake_error(ssl_st* ssl, int status) {
  const auto verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) {
    return fmt::format("certificate verify failed: {}", X509_verify_cert_error_string(verdict));
  }
  const int saved = errno;
  return "TLS handshake failed: " + tls_error(ssl, status, saved);
}

std::string tls_error(ssl_st* ssl, int status, int saved_errno) {
  const int kind = SSL_get_error(ssl, status);
  if (kind == SSL_ERROR_ZERO_RETURN) return "connection closed";
  const auto code = ERR_peek_last_error();
  if (kind == SSL_ERROR_SYSCALL && code == 0) {
    return saved_errno == 0 ? "connection closed" : std::strerror(saved_errno);
  }
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return "connection closed";
  return last_reason();
}

}  // namespace mooring::io
