#include "client/login.hpp"

#include <cstdlib>
#include <mutex>
#include <thread>

#include "core/log.hpp"
#include "core/paths.hpp"
#include "core/proxy_env.hpp"
#include "store/credential_store.hpp"

namespace mooring::client {

namespace {

/// The `authorize` handler on a thread of its own: a person takes minutes, and the worker has other
/// things to do.
class HandlerAgent final : public auth::UserAgent {
 public:
  HandlerAgent(io::Worker& worker, const ClientOptions& options)
      : worker_(worker), authorize_(options.handlers.authorize), redirect_(options.redirect_uri) {
    door_->worker = &worker;
  }
  HandlerAgent(const HandlerAgent&) = delete;
  HandlerAgent& operator=(const HandlerAgent&) = delete;
  ~HandlerAgent() override {
    const std::lock_guard lock(door_->mutex);
    door_->worker = nullptr;
  }

  Result<std::string> redirect_uri(const std::string&) override { return redirect_; }

  awaitable<Result<std::string>> authorize(std::string url, io::AbortSource& abort) override {
    struct Pending {
      explicit Pending(io::Worker& worker) : answered(worker.executor(), worker.timers()) {}
      io::Event answered;
      Result<std::string> callback = fail(Reason::cancelled, "interrupted");
    };
    const auto pending = std::make_shared<Pending>(worker_);
    // Nobody can interrupt a handler: it may outlive the client, which then hears no more of it.
    std::thread([pending, handler = authorize_, url, door = door_] {
      auto callback = std::make_shared<Result<std::string>>(run(handler, url));
      const std::lock_guard lock(door->mutex);
      if (door->worker == nullptr) return;
      door->worker->post([pending, callback] {
        pending->callback = std::move(*callback);
        pending->answered.set();
      });
    }).detach();
    co_await pending->answered.wait(std::nullopt, &abort);
    co_return std::move(pending->callback);
  }

 private:
  /// Shut when the client goes.
  struct Door {
    std::mutex mutex;
    io::Worker* worker = nullptr;
  };
  using Handler = std::function<Result<std::string>(std::string_view)>;

  static Result<std::string> run(const Handler& handler, const std::string& url) {
    try {
      return handler(url);
    } catch (const std::exception& error) {
      return fail(Reason::io, std::string("the authorize handler failed: ") + error.what());
    } catch (...) {
      return fail(Reason::io, "the authorize handler failed");
    }
  }

  io::Worker& worker_;
  Handler authorize_;
  std::string redirect_;
  std::shared_ptr<Door> door_ = std::make_shared<Door>();
};

}  // namespace

Result<auth::AuthenticatorParts> authenticator_parts(
    io::Worker& worker, const ClientOptions& options
) {
  auth::AuthenticatorParts parts;
  if (options.shared_sign_ins) {
    const auto state_dir = core::state_dir(options.state_dir);
    const char* named = std::getenv("MOORING_KEY");
    const auto key = store::credential_key(
        state_dir, named == nullptr ? std::nullopt : std::optional<std::string>(named)
    );
    if (!key) return std::unexpected(key.error());
    auto opened = store::open_credentials(state_dir, *key);
    if (!opened) return std::unexpected(opened.error());
    parts.store = std::move(*opened);
  } else {
    parts.store = auth::memory_store();
  }
  const auto proxies =
      std::make_shared<const core::ProxySettings>(core::ProxySettings::from_environment());
  parts.fetcher = [proxies](io::Worker& home, const UpstreamConfig& config) {
    return std::make_unique<auth::HttpFetcher>(
        home, io::TlsClientOptions{config.ssl_verify, config.ca_file, {}, {}}, proxies
    );
  };
  if (options.handlers.authorize) parts.user = std::make_shared<HandlerAgent>(worker, options);
  return parts;
}

}  // namespace mooring::client
