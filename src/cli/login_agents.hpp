#pragma once

#include <memory>
#include <string>

#include "auth/sign_in.hpp"
#include "io/http_server.hpp"

namespace mooring::cli {

/// A browser on this machine, sent back to a loopback address of ours (RFC 8252 §7.3).
class BrowserAgent final : public auth::UserAgent {
 public:
  explicit BrowserAgent(io::Worker& worker);
  ~BrowserAgent() override;

  Result<std::string> redirect_uri(const std::string& before) override;
  Result<std::string> use_redirect_uri(const std::string& configured) override;
  awaitable<Result<std::string>> authorize(std::string url, io::AbortSource& abort) override;
  awaitable<void> close();

 private:
  Result<io::Endpoint> listen(const std::string& host, std::uint16_t port);
  awaitable<void> answer(io::HttpExchange& exchange);

  io::Worker& worker_;
  std::unique_ptr<io::HttpServer> server_;
  std::string path_;      ///< where the browser is sent to
  std::string callback_;  ///< target of the request that came
  io::Event came_;
};

/// A browser somewhere else: the address is shown, and where it was sent to is pasted back.
class PasteAgent final : public auth::UserAgent {
 public:
  Result<std::string> redirect_uri(const std::string& before) override;
  awaitable<Result<std::string>> authorize(std::string url, io::AbortSource& abort) override;
};

/// Another device, with a code.
class DeviceAgent final : public auth::UserAgent {
 public:
  Result<std::string> redirect_uri(const std::string& before) override;
  awaitable<Result<std::string>> authorize(std::string url, io::AbortSource& abort) override;
  void show(const auth::DevicePrompt& prompt) override;
};

}  // namespace mooring::cli
