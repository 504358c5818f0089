#include "io/tls_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace mooring::io::testing {

Certificate::Certificate(const std::string& names) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  const std::string common = "mooring test";
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0
  );
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key, EVP_sha256());

  const char* directory = std::getenv("TMPDIR");
  file_ = std::string(directory != nullptr ? directory : "/tmp") + "/mooring-cert-XXXXXX";
  const int fd = ::mkstemp(file_.data());
  FILE* const file = fd < 0 ? nullptr : ::fdopen(fd, "w");
  if (file == nullptr) throw std::runtime_error("no temporary file");
  PEM_write_X509(file, certificate);
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

Certificate::~Certificate() { ::unlink(file_.c_str()); }

TlsPeer::TlsPeer(const Options& options)
    : certificate_(options.names), answer_(options.answer), silent_(options.silent) {
  context_ = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate_chain_file(context_, certificate_.file().c_str());
  SSL_CTX_use_PrivateKey_file(context_, certificate_.file().c_str(), SSL_FILETYPE_PEM);
  if (!options.client_ca.empty()) {
    SSL_CTX_load_verify_locations(context_, options.client_ca.c_str(), nullptr);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 16) != 0) {
    throw std::runtime_error("cannot listen");
  }
  ::getsockname(listener_, raw, &size);
  port_ = ntohs(address.sin_port);
  end_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { serve(); });
}

TlsPeer::~TlsPeer() {
  const std::uint64_t one = 1;
  if (::write(end_, &one, sizeof one) != sizeof one) std::abort();
  thread_.join();
  ::close(listener_);
  ::close(end_);
  SSL_CTX_free(context_);
}

std::string TlsPeer::seen() {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void TlsPeer::serve() {
  std::array<pollfd, 2> fds{{{listener_, POLLIN, 0}, {end_, POLLIN, 0}}};
  while (::poll(fds.data(), fds.size(), -1) > 0 && fds[1].revents == 0) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    if (silent_) {
      ::poll(&fds[1], 1, -1);
    } else {
      talk(socket);
    }
    ::close(socket);
  }
}

void TlsPeer::talk(int socket) {
  SSL* const ssl = SSL_new(context_);
  SSL_set_fd(ssl, socket);
  if (SSL_accept(ssl) == 1) {
    ++handshakes_;
    std::string request;
    for (;;) {
      std::array<pollfd, 2> fds{{{socket, POLLIN, 0}, {end_, POLLIN, 0}}};
      if (SSL_pending(ssl) == 0) ::poll(fds.data(), fds.size(), -1);
      if (fds[1].revents != 0) break;
      std::array<char, 4096> buffer{};
      const int count = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(count));
      if (!request.ends_with("\r\n\r\nping")) continue;
      {
        const std::lock_guard lock(mutex_);
        seen_ += request;
      }
      request.clear();
      SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
    }
  }
  // Closing with bytes unread would be a reset, which overtakes the alert that says why.
  ::shutdown(socket, SHUT_WR);
  std::array<pollfd, 2> fds{{{socket, POLLIN, 0}, {end_, POLLIN, 0}}};
  std::array<char, 4096> rest{};
  while (::poll(fds.data(), fds.size(), -1) > 0 && fds[1].revents == 0 &&
         ::recv(socket, rest.data(), rest.size(), 0) > 0) {
  }
  SSL_free(ssl);
}

}  // namespace mooring::io::testing
