#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

struct ssl_ctx_st;

namespace mooring::io::testing {

/// A certificate that signs itself and its key, in one PEM file that is removed at the end.
class Certificate {
 public:
  /// `names`: as OpenSSL's subjectAltName has them.
  explicit Certificate(const std::string& names);
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
};

/// A TLS server on a thread of its own. Gives every request the same answer, several on one
/// connection.
class TlsPeer {
 public:
  struct Options {
    std::string names = "DNS:localhost,IP:127.0.0.1";
    std::string client_ca = {};  ///< PEM; set: a client certificate is required
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    bool silent = false;  ///< accepts connections and never shakes hands
  };

  explicit TlsPeer(const Options& options);
  ~TlsPeer();

  std::uint16_t port() const { return port_; }
  const std::string& certificate_file() const { return certificate_.file(); }
  std::string seen();  ///< all requests so far
  int handshakes() const { return handshakes_; }

 private:
  void serve();
  void talk(int socket);

  Certificate certificate_;
  ssl_ctx_st* context_ = nullptr;
  int listener_ = -1;
  int end_ = -1;  ///< readable when it is over
  std::uint16_t port_ = 0;
  std::string answer_;
  bool silent_;
  std::mutex mutex_;
  std::string seen_;
  std::atomic<int> handshakes_ = 0;
  std::thread thread_;
};

}  // namespace mooring::io::testing
