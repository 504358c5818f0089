#include "client/login.hpp"

#include <mutex>
#include <thread>

#include "core/log.hpp"
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
  parts.store = auth::memory_store();
  if (!options.sign_in_dir.empty()) {
    auto opened = store::open_credentials(options.sign_in_dir);
    if (opened) {
      parts.store = std::move(*opened);
    } else if (opened.error().reason == Reason::config) {
      return std::unexpected(opened.error());
    } else {  // a disk that says no keeps nobody from servers without a sign-in
      core::log::warn("client", "sign-ins cannot be used: {}", opened.error().detail);
    }
  }
  parts.fetcher = auth::http_fetchers();
  parts.login_target = options.login_target;
  if (options.handlers.authorize) parts.user = std::make_shared<HandlerAgent>(worker, options);
  return parts;
}

}  // namespace mooring::client
