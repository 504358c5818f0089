#include "upstream/lister.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/backoff.hpp"
#include "core/log.hpp"
#include "protocol/json_scan.hpp"
#include "recovery/rules.hpp"
#include "upstream/evidence.hpp"

namespace mooring::upstream {

using protocol::Frame;
using recovery::Failure;
using recovery::Stage;

Lister::Lister(
    io::Worker& home, std::shared_ptr<const UpstreamConfig> config, ListingHost& host,
    Observer& observer, core::Random& random, io::TaskGroup& tasks, io::AbortSource& stop
)
    : home_(home),
      config_(std::move(config)),
      host_(host),
      observer_(observer),
      random_(random),
      tasks_(tasks),
      stop_(stop),
      refreshed_(home.executor(), home.timers()) {}

awaitable<std::expected<Catalogue, Failure>> Lister::load_all(
    const SessionView& view, io::AbortSource& abort
) {
  Catalogue all;
  for (const auto kind : all_lists) {
    if (auto failure = co_await load(view, all, kind, abort))
      co_return std::unexpected(std::move(*failure));
  }
  co_return all;
}

void Lister::adopt_first(Catalogue catalogue) {
  loaded_at_.fill(home_.timers().now());
  catalogue_ = std::make_shared<const Catalogue>(std::move(catalogue));
}

void Lister::refresh_all() {
  dirty_.fill(true);
  if (!refreshing_) tasks_.spawn(refresh_loop());
}

void Lister::list_changed(std::string_view notification_method) {
  for (const auto kind : all_lists) {
    if (list_changed_covers(notification_method, kind))
      dirty_[static_cast<std::size_t>(kind)] = true;
  }
  if (!refreshing_) tasks_.spawn(refresh_loop());
}

awaitable<std::optional<Failure>> Lister::load(
    const SessionView& view, Catalogue& into, ListKind kind, io::AbortSource& abort
) {
  const auto method = list_method(kind);
  const auto capability = method.substr(0, method.find('/'));
  if (!view.server.has(capability)) {
    into[kind] = {};
    co_return std::nullopt;
  }
  PageCollector pages(kind, config_->max_pages, view.server.modern() && !view.process);
  std::string params;
  for (;;) {
    auto outcome = co_await host_.request(view, method, params, abort);
    if (outcome.failure) co_return std::move(outcome.failure);
    if (outcome.response->kind() == Frame::Kind::error) {
      core::log::warn(
          "upstream", "{}: {} answered with an error: {}", config_->name, method,
          protocol::string_member(outcome.response->error(), "message")
      );
      // What was listed before stands: a server in trouble must not make its tools vanish.
      if (!recovery::holds(recovery::Rule::catalogue_stays)) into[kind] = {};
      into[kind].offered = true;
      co_return std::nullopt;
    }
    if (!pages.add(outcome.response->result())) break;
    params = fmt::format(R"({{"cursor":{}}})", pages.cursor());
  }
  if (!pages.warning().empty())
    core::log::warn("upstream", "{}: {}", config_->name, pages.warning());
  into[kind] = std::move(pages).take();
  into[kind].offered = true;
  co_return std::nullopt;
}

awaitable<void> Lister::refresh_loop() {
  if (refreshing_) co_return;
  refreshing_ = true;
  core::Backoff backoff;
  while (!stop_.aborted() && std::ranges::any_of(dirty_, std::identity{})) {
    const auto view = host_.standing();
    if (!view) break;
    const auto failure = co_await refresh(*view);
    refreshed_.notify();
    // Another session stands by now, or will: that one is listed instead.
    if (!failure || host_.standing() != view) continue;
    core::log::warn(
        "upstream", "{}: could not list again: {}", config_->name, recovery::describe(*failure)
    );
    // That a session lives while its lists break the connection is found out once.
    const bool first = std::exchange(suspected_, view->generation) != view->generation;
    if (first || failure->http_status) host_.listing_failed(*view, *failure);
    if (host_.standing() != view) break;
    if (backoff.attempts() >= config_->reconnect_attempts) {
      dirty_.fill(false);
      break;
    }
    const auto wait =
        std::max(backoff.next(random_), retry_after(*failure).value_or(core::Duration{0}));
    co_await io::sleep_until(home_.timers(), home_.timers().now() + wait, &stop_);
  }
  refreshing_ = false;
  refreshed_.notify();
}

/// Loads what is dirty. A list stays dirty until it was loaded.
awaitable<std::optional<Failure>> Lister::refresh(const SessionView& view) {
  io::AbortSource abort;
  const auto of_session = host_.session_end();
  const auto stopped = stop_.subscribe([&abort] { abort.abort(); });
  const auto ended = of_session->subscribe([&abort] { abort.abort(); });
  const auto timer = home_.timers().arm_after(config_->timeout, [&abort] { abort.abort(); });
  auto next = catalogue_ ? *catalogue_ : Catalogue{};
  std::optional<Failure> failure;
  for (const auto kind : all_lists) {
    const auto index = static_cast<std::size_t>(kind);
    if (failure || !std::exchange(dirty_[index], false)) continue;
    failure = co_await load(view, next, kind, abort);
    if (failure) {
      dirty_[index] = true;
    } else {
      loaded_at_[index] = home_.timers().now();
    }
  }
  home_.timers().cancel(timer);
  adopt(std::move(next));
  co_return failure;
}

void Lister::adopt(Catalogue catalogue) {
  const auto old = catalogue_;
  if (old && *old == catalogue) return;
  catalogue_ = std::make_shared<const Catalogue>(std::move(catalogue));
  host_.catalogue_changed();
  if (old) tell_difference(*old, *catalogue_);
}

void Lister::tell_difference(const Catalogue& before, const Catalogue& after) {
  for (const auto kind : all_lists) {
    const auto& had = before[kind];
    const auto& has = after[kind];
    if (had == has) continue;
    for (const auto& item : has.items) {
      if (had.find(item.key) == nullptr) {
        core::log::info("upstream", "{}: {} added {}", config_->name, list_member(kind), item.key);
      }
    }
    for (const auto& item : had.items) {
      if (has.find(item.key) == nullptr) {
        core::log::info(
            "upstream", "{}: {} removed {}", config_->name, list_member(kind), item.key
        );
      }
    }
    observer_.list_changed(config_->name, kind);
  }
}

awaitable<void> Lister::freshen(ListKind kind) {
  const auto method = list_method(kind);
  const auto index = static_cast<std::size_t>(kind);
  const auto now = home_.timers().now();
  const auto view = host_.standing();
  if (!view || view->server.has(method.substr(0, method.find('/')), "listChanged")) co_return;
  if (loaded_at_[index] && now - *loaded_at_[index] < list_max_age) co_return;
  co_await list_again(kind);
}

awaitable<void> Lister::list_again(ListKind kind) {
  const auto until = home_.timers().now() + std::chrono::seconds(2);
  dirty_[static_cast<std::size_t>(kind)] = true;
  if (!refreshing_) tasks_.spawn(refresh_loop());
  if (refreshing_) co_await refreshed_.wait(until, &stop_);
}

}  // namespace mooring::upstream
