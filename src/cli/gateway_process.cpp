#include "cli/gateway_process.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>

#include "cli/console.hpp"
#include "cli/gateway_file.hpp"
#include "cli/sign_in_parts.hpp"
#include "cli/spare_memory.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "core/paths.hpp"
#include "core/proxy_env.hpp"
#include "core/random.hpp"
#include "core/redact.hpp"
#include "core/seal.hpp"
#include "gateway/gateway.hpp"
#include "io/descriptor_limit.hpp"
#include "io/signals.hpp"
#include "io/worker.hpp"
#include "server/gateway_server.hpp"
#include "server/stdio_door.hpp"
#include "store/catalogue_cache.hpp"
#include "store/history_store.hpp"
#include "store/session_store.hpp"
#include "transport/factory.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;
namespace log = core::log;

namespace {

/// By then servers that answer have connected.
constexpr core::Duration settling_time = std::chrono::seconds(5);
constexpr core::Duration heap_interval = std::chrono::minutes(1);

bool is_ignored(int signal) {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// The running gateway: everything in the order in which it is built, taken down in reverse.
class GatewayProcess {
 public:
  GatewayProcess(
      GatewayPlan plan, fs::path state_dir, core::SealKey key, auth::AuthenticatorParts sign_in
  )
      : plan_(std::move(plan)),
        config_(std::move(plan_.config)),
        settings_(config_.gateway),
        state_dir_(std::move(state_dir)) {
    for (int i = 0; i < settings_.threads; ++i) {
      workers_.push_back(std::make_unique<io::Worker>(static_cast<unsigned>(i)));
      pointers_.push_back(workers_.back().get());
    }
    channels_ = std::make_unique<transport::SystemChannels>(
        state_dir_, core::ProxySettings::from_environment(), plan_.echo
    );
    if (plan_.keeps_sessions) open_sessions();
    gateway_ = std::make_unique<gateway::Gateway>(
        pointers_, *channels_, core::system_random(), settings_, key, store_.get()
    );
    sign_in.login_target = plan_.login_target;
    gateway_->sign_in_with(std::move(sign_in));
    open_history();
    if (plan_.keeps_sessions) open_catalogues();
    if (!settings_.tokens.empty()) {
      local_token_ = core::system_random().token(24);
      core::register_secret(local_token_);
      settings_.tokens.push_back({"local", local_token_});
    }
  }

  int run() {
    auto& control = *workers_.front();
    hangup_ignored_ = is_ignored(SIGHUP);
    // Before anybody can know of us: whoever asks us to end gets an orderly end.
    signals_ =
        std::make_unique<io::Signals>(control, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP});
    if (plan_.listens) {
      if (const auto open = listen(); !open) return complain(open.error());
    }
    for (const auto& warning : config_.warnings) log::warn("config", "{}", warning);
    gateway_->announce(config_);
    for (std::size_t i = 1; i < workers_.size(); ++i) workers_[i]->start();
    io::TaskGroup life(control.executor()), watchers(control.executor());
    watchers_ = &watchers;
    reloaded_ = std::make_unique<io::Event>(control.executor(), control.timers());
    life.spawn(live());
    watchers.spawn(watch_signals());
    if (plan_.read_again) watchers.spawn(watch_config());
    watchers.spawn(mind_memory());
    control.run();
    for (std::size_t i = 1; i < workers_.size(); ++i) {
      workers_[i]->stop();
      workers_[i]->join();
    }
    return success;
  }

 private:
  void open_sessions() {
    auto store = store::SessionStore::open(state_dir_ / "sessions.db");
    if (store) {
      store_ = std::move(*store);
    } else {
      log::warn(
          "serve", "log levels and subscriptions will not outlive this process: {}",
          store.error().detail
      );
    }
  }

  void open_history() {
    auto history =
        store::HistoryStore::open(state_dir_ / "history.db", std::chrono::system_clock::now());
    if (history) {
      history_ = std::move(*history);
      gateway_->record_in(history_.get());
    } else {
      log::warn(
          "serve", "recoveries will not be remembered by this process: {}", history.error().detail
      );
    }
  }

  void open_catalogues() {
    auto catalogues = store::CatalogueCache::open(state_dir_ / "catalogues.db");
    if (catalogues) {
      catalogues_ = std::move(*catalogues);
      gateway_->remember_in(catalogues_.get());
    } else {
      log::warn("serve", "lazy servers are started at once: {}", catalogues.error().detail);
    }
  }

  Result<void> listen() {
    server_ = std::make_unique<server::GatewayServer>(pointers_, *gateway_, settings_);
    server_->show_only(plan_.only);
    const auto address = config::parse_listen(settings_.listen);
    if (!address) return std::unexpected(address.error());
    const auto bound = server_->listen(*address);
    if (!bound) return fail(Reason::io, bound.error().detail);
    if (plan_.read_again) server_->on_reload([this] { return reload(); });
    // Scripts read this line, the first, and then expect the other commands to find us.
    const auto written = write_gateway_file(state_dir_, {server_->url(), local_token_, ::getpid()});
    fmt::print(stderr, "listening {}\n", server_->url());
    if (!written) {
      log::warn("serve", "other commands will not find this gateway: {}", written.error().detail);
    }
    return {};
  }

  /// The servers, which may be a thousand, are the gateway's to keep from here on.
  config::Config hand_over() {
    auto all = std::exchange(config_, {});
    config_.gateway = all.gateway;
    config_.files = all.files;
    return all;
  }

  awaitable<void> live() {
    co_await gateway_->apply(hand_over());
    if (plan_.stdio) {
      server::StdioDoor door(
          *workers_.front(), gateway_->router(0), plan_.only, settings_.limits.request_bytes
      );
      door.limit_drain(settings_.drain_timeout, [this] { gateway_->abort_calls(); });
      door_ = &door;
      if (shutdown_.aborted()) door.stop();
      co_await door.run();
      door_ = nullptr;
      shutdown_.abort();
    } else {
      io::Event never(workers_.front()->executor(), workers_.front()->timers());
      co_await never.wait(std::nullopt, &shutdown_);
    }
    if (server_) {
      co_await server_->drain(settings_.drain_timeout);
      gateway_->abort_calls();
      // What became of them is told before the connections are closed.
      co_await server_->drain(std::chrono::seconds(1));
      co_await server_->stop();
    }
    co_await gateway_->stop();
    if (server_) remove_gateway_file(state_dir_, ::getpid());
    signals_->stop();
    co_await watchers_->join();
    // Posted, so that this coroutine has ended when the loop does.
    workers_.front()->post([this] { workers_.front()->stop(); });
  }

  awaitable<void> mind_memory() {
    auto& timers = workers_.front()->timers();
    if (!co_await io::sleep_until(timers, timers.now() + settling_time, &shutdown_)) co_return;
    give_back_start();
    while (co_await io::sleep_until(timers, timers.now() + heap_interval, &shutdown_)) {
      give_back_heap();
    }
  }

  awaitable<void> watch_signals() {
    for (;;) {
      const int number = co_await signals_->next();
      if (number == 0) co_return;
      if (number == SIGHUP && plan_.read_again) {
        watchers_->spawn(reload_and_log());
        continue;
      }
      if (number == SIGHUP && hangup_ignored_) continue;
      if (shutdown_.aborted()) {
        // Asked twice: whoever waits does not want to.
        gateway_->abort_calls();
        continue;
      }
      log::info("serve", "{}: finishing what is in hand", name_of(number));
      shutdown_.abort();
      if (door_ == nullptr) continue;
      // A client that closed its end and then sends the signal has waited enough.
      if (door_->draining()) gateway_->abort_calls();
      door_->stop();
    }
  }

  static std::string_view name_of(int signal) {
    if (signal == SIGHUP) return "SIGHUP";
    return signal == SIGINT ? "SIGINT" : "SIGTERM";
  }

  /// Empty: done. Else why the old configuration stays. One at a time.
  awaitable<std::string> reload() {
    if (shutdown_.aborted()) co_return std::string("the gateway is shutting down");
    while (reloading_) co_await reloaded_->wait(std::nullopt, &shutdown_);
    reloading_ = true;
    auto error = co_await reload_once();
    reloading_ = false;
    reloaded_->notify();
    co_return error;
  }

  awaitable<void> reload_and_log() {
    if (const auto error = co_await reload(); !error.empty())
      log::error("config", "not reloaded: {}", error);
  }

  awaitable<std::string> reload_once() {
    auto loaded = plan_.read_again();
    if (!loaded) co_return loaded.error().detail;
    for (const auto& warning : loaded->warnings) log::warn("config", "{}", warning);
    const bool gateway_differs = !(loaded->gateway == config_.gateway);
    if (gateway_differs)
      log::warn("config", "changes under gateway: take effect at the next start");
    log::info("config", "reloading");
    config_ = std::move(*loaded);
    stamps_ = stamps();
    co_await gateway_->apply(hand_over());
    co_return std::string();
  }

  awaitable<void> watch_config() {
    auto& timers = workers_.front()->timers();
    stamps_ = stamps();
    while (settings_.reload_interval.count() > 0 &&
           co_await io::sleep_until(timers, timers.now() + settings_.reload_interval, &shutdown_)) {
      if (stamps() == stamps_) continue;
      stamps_ = stamps();
      co_await reload_and_log();
    }
  }

  std::vector<fs::file_time_type> stamps() const {
    std::vector<fs::file_time_type> times;
    std::error_code error;
    for (const auto& file : config_.files) {
      const auto time = fs::last_write_time(file, error);
      times.push_back(error ? fs::file_time_type{} : time);
    }
    return times;
  }

  GatewayPlan plan_;       ///< its configuration lives on in `config_`
  config::Config config_;  ///< its servers until they are handed over
  config::GatewayConfig settings_;
  fs::path state_dir_;
  std::string local_token_;
  std::vector<fs::file_time_type> stamps_;
  std::vector<std::unique_ptr<io::Worker>> workers_;
  std::vector<io::Worker*> pointers_;
  std::unique_ptr<transport::SystemChannels> channels_;
  std::unique_ptr<store::SessionStore> store_;
  std::unique_ptr<store::HistoryStore> history_;
  std::unique_ptr<store::CatalogueCache> catalogues_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<server::GatewayServer> server_;
  std::unique_ptr<io::Signals> signals_;
  server::StdioDoor* door_ = nullptr;
  io::TaskGroup* watchers_ = nullptr;
  bool hangup_ignored_ = false;  ///< by nohup: we are to outlive the terminal
  bool reloading_ = false;
  std::unique_ptr<io::Event> reloaded_;
  io::AbortSource shutdown_;
};

}  // namespace

int run_gateway(GatewayPlan plan) {
  const auto& settings = plan.config.gateway;
  log::configure(settings.log_level, settings.log_format);
  io::raise_descriptor_limit();
  const auto state_dir = core::state_dir(settings.state_dir);
  if (const auto made = core::ensure_private_dir(state_dir); !made)
    return complain(failed, made.error().detail);
  const auto key = core::load_or_create_key(state_dir / "session.key");
  if (!key) return complain(failed, key.error().detail);
  auto sign_in = sign_in_parts(state_dir);
  if (!sign_in) {
    const bool mistaken = sign_in.error().reason == Reason::config;
    return complain(mistaken ? usage : failed, sign_in.error().detail);
  }
  return GatewayProcess(std::move(plan), state_dir, *key, std::move(*sign_in)).run();
}

}  // namespace mooring::cli
