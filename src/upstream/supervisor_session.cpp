// What a Supervisor does to make a session and to keep its catalogue; when it does so is in
// supervisor.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/log.hpp"
#include "protocol/messages.hpp"
#include "upstream/decline.hpp"
#include "upstream/supervisor.hpp"
#include "upstream/supervisor_sinks.hpp"

namespace mooring::upstream {

using protocol::Frame;
using recovery::Failure;
using recovery::Stage;

namespace {

constexpr core::Duration stream_probe_time = std::chrono::seconds(10);
constexpr std::string_view check_credentials =
    "; check the credentials of this server in the configuration";

std::optional<core::Duration> retry_after(const Failure& failure) {
  for (const auto& [name, value] : failure.headers) {
    if (name.size() != 11 || (name[0] != 'R' && name[0] != 'r') || name.substr(6) != "After") {
      if (name != "retry-after") continue;
    }
    int seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && seconds >= 0) return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

/// No retry within seconds can help: the address is not an MCP endpoint, or wants credentials.
bool is_hopeless(const Failure& failure) {
  if (recovery::session_lost(failure)) return false;
  if (failure.stage) return *failure.stage == Stage::tls;
  if (!failure.http_status) return false;
  const int status = *failure.http_status;
  return status < 500 && status != 408 && status != 425 && status != 429;
}

/// The old HTTP+SSE transport answers POST to its stream's URL like this (2025-11-25, "Backwards
/// Compatibility").
bool may_be_sse(const Failure& failure) {
  const auto status = failure.http_status.value_or(0);
  return status == 400 || status == 404 || status == 405;
}

}  // namespace

awaitable<void> Supervisor::OwnSink::message(Frame frame) {
  auto& self = supervisor;
  if (frame.is_notification()) {
    const auto& method = frame.method();
    if (method.ends_with("/list_changed")) {
      self.want_refresh(method);
    } else if (method != "notifications/progress" && method != "notifications/cancelled") {
      self.observer_.notification(self.config_->name, frame);
    }
    co_return;
  }
  if (!frame.is_request()) co_return;
  self.tasks_.spawn(self.answer(std::move(frame)));
}

awaitable<void> Supervisor::answer(Frame request) {
  const auto view = view_ ? view_ : opening_;
  if (!view) co_return;
  std::optional<std::string> response;
  if (request.method() != "ping") response = co_await observer_.request(config_->name, request);
  if (!response) response = decline(request, "no client is attached to this request");
  co_await channel(*view).notify(std::move(*response), view->headers);
}

awaitable<transport::Outcome> Supervisor::request(
    const SessionView& view, std::string_view method, std::string params, io::AbortSource& abort
) {
  transport::OutgoingRequest out;
  out.id = links_.front().second->next_id();
  out.bytes = protocol::make_request(out.id, method, params);
  out.method = method;
  out.session = view.headers;
  out.abort = &abort;
  auto outcome = co_await channel(view).request(std::move(out), *own_sink_);
  if (!outcome.failure && method != "initialize")
    view.proven->store(true, std::memory_order_relaxed);
  co_return outcome;
}

awaitable<std::optional<Supervisor::ConnectError>> Supervisor::connect(io::AbortSource& abort) {
  if (suspect_) {
    const auto suspect = std::exchange(suspect_, nullptr);
    if (co_await still_alive(*suspect, abort)) {
      core::log::info("upstream", "{}: connection is back, session kept", config_->name);
      established(suspect, std::nullopt);
      co_return std::nullopt;
    }
  }
  if (process_) co_await std::exchange(process_, nullptr)->close();

  auto view = std::make_shared<SessionView>();
  view->headers = std::make_shared<transport::SessionHeaders>();
  if (is_stdio() || is_sse()) {
    const auto no_process = co_await open_process(*config_, abort);
    if (no_process && !(use_sse_ && no_process->try_other)) co_return no_process;
    // What was found out once is no longer so: it is found out anew.
    if (no_process) use_sse_ = false;
    view->process = process_;
  }
  opening_ = view;
  auto error = co_await open(*view, abort);
  if (error && error->try_other && !abort.aborted()) {
    error = co_await fall_back(view, std::move(*error), abort);
  }
  if (error) co_return error;

  std::optional<Catalogue> first;
  if (!catalogue_) {
    first.emplace();
    for (const auto kind : all_lists) {
      if (const auto failure = co_await load(*view, *first, kind, abort))
        co_return failed(*failure);
    }
  }
  co_await restore(*view, abort);
  if (abort.aborted()) co_return ConnectError{.text = "connecting was interrupted"};
  view->generation = ++generation_;
  if (lifecycle_.ever_connected()) ++recoveries_;
  established(std::move(view), std::move(first));
  co_return std::nullopt;
}

/// The first POST was answered as servers of the older transport do (HTTP-05). Where no stream of
/// theirs is found, what that POST said is the error; what is found is used from now on only once
/// the handshake on it succeeded.
awaitable<std::optional<Supervisor::ConnectError>> Supervisor::fall_back(
    std::shared_ptr<SessionView>& view, ConnectError first, io::AbortSource& abort
) {
  // The stream of another transport may stay silent for ever.
  auto config = *config_;
  config.connect_timeout = std::min(config.connect_timeout / 2, stream_probe_time);
  if (const auto no_stream = co_await open_process(std::move(config), abort)) {
    core::log::debug("upstream", "{}: not HTTP+SSE either: {}", config_->name, no_stream->text);
    co_return first;
  }
  auto sse = std::make_shared<SessionView>(*view);
  sse->process = process_;
  opening_ = view = std::move(sse);
  auto error = co_await open(*view, abort);
  use_sse_ = !error;
  if (use_sse_) {
    core::log::info("upstream", "{}: speaks the older HTTP+SSE transport", config_->name);
  }
  co_return error;
}

awaitable<std::optional<Supervisor::ConnectError>> Supervisor::open_process(
    UpstreamConfig config, io::AbortSource& abort
) {
  auto opened = is_stdio() ? co_await channels_.stdio(home_, std::move(config))
                           : co_await channels_.sse(home_, std::move(config), abort);
  if (!opened) {
    const auto reason = opened.error().reason;
    ConnectError error{.text = std::move(opened.error().detail), .hopeless = reason != Reason::io};
    if (reason == Reason::login_needed) error.text += check_credentials;
    error.try_other = reason == Reason::protocol;
    co_return error;
  }
  process_ = std::move(*opened);
  tasks_.spawn(watch_process(process_));
  co_return std::nullopt;
}

awaitable<std::optional<Supervisor::ConnectError>> Supervisor::open(
    SessionView& view, io::AbortSource& abort
) {
  auto outcome = co_await request(view, "initialize", initialize_params(identity_), abort);
  if (outcome.failure) {
    auto error = failed(*outcome.failure);
    error.try_other = !view.process && config_->transport == TransportKind::automatic &&
                      may_be_sse(*outcome.failure);
    co_return error;
  }
  const auto& frame = *outcome.response;
  if (frame.kind() == Frame::Kind::error) {
    co_return ConnectError{
        .text = fmt::format(
            "initialize was refused: {}", protocol::string_member(frame.error(), "message")
        )
    };
  }
  auto server = read_initialize_result(frame.result());
  if (!server) co_return ConnectError{.text = server.error(), .hopeless = true};
  view.server = std::move(*server);
  view.headers = std::make_shared<transport::SessionHeaders>(
      transport::SessionHeaders{outcome.session_id, view.server.protocol_version}
  );
  const auto refused = co_await channel(view).notify(
      protocol::make_notification("notifications/initialized"), view.headers
  );
  if (refused) co_return failed(*refused);
  co_return std::nullopt;
}

Supervisor::ConnectError Supervisor::failed(const Failure& failure) const {
  ConnectError error;
  error.text = recovery::describe(failure);
  error.hopeless = is_hopeless(failure);
  error.retry_after = retry_after(failure);
  const auto status = failure.http_status.value_or(0);
  if (status == 401 || status == 403) {
    error.text += check_credentials;
  } else if (error.hopeless && status >= 300) {
    error.text = "not an MCP endpoint: " + error.text;
  }
  return error;
}

awaitable<bool> Supervisor::still_alive(const SessionView& view, io::AbortSource& abort) {
  io::AbortSource limit;
  const auto subscription = abort.subscribe([&limit] { limit.abort(); });
  const auto timer = home_.timers().arm_after(std::chrono::seconds(5), [&limit] { limit.abort(); });
  const auto outcome = co_await request(view, "ping", {}, limit);
  home_.timers().cancel(timer);
  co_return outcome.response.has_value();
}

awaitable<void> Supervisor::restore(const SessionView& view, io::AbortSource& abort) {
  if (!log_level_.empty() && view.server.has("logging")) {
    co_await request(
        view, "logging/setLevel", fmt::format(R"({{"level":{}}})", protocol::quote(log_level_)),
        abort
    );
  }
  if (!view.server.has("resources", "subscribe")) co_return;
  const auto uris = subscriptions_;
  for (const auto& uri : uris) {
    co_await request(
        view, "resources/subscribe", fmt::format(R"({{"uri":{}}})", protocol::quote(uri)), abort
    );
  }
}

void Supervisor::established(
    std::shared_ptr<const SessionView> view, std::optional<Catalogue> first
) {
  core::log::info(
      "upstream", "{}: ready (generation {}, protocol {})", config_->name, view->generation,
      view->server.protocol_version
  );
  drop_session();
  view_ = view;
  // Whoever asked for an attempt meanwhile has got it.
  wake_for_reconnect_ = wake_for_loss_ = false;
  server_ = view_->server;
  last_success_ = std::chrono::system_clock::now();
  stands_since_ = home_.timers().now();
  const bool listed = first.has_value();
  if (listed) {
    loaded_at_.fill(home_.timers().now());
    catalogue_ = std::make_shared<const Catalogue>(std::move(*first));
  } else {
    // Callers need the session now; what it lists can follow.
    dirty_.fill(true);
  }
  session_abort_ = std::make_shared<io::AbortSource>();
  // Either may find the session lost before it returns.
  if (!view->process) tasks_.spawn(listen_loop(view, session_abort_));
  if (!listed) tasks_.spawn(refresh_loop());
}

awaitable<void> Supervisor::watch_process(std::shared_ptr<transport::ProcessChannel> process) {
  const auto end = co_await process->listen(nullptr, {}, *own_sink_, stop_);
  if (process_ != process || !view_ || view_->process != process) co_return;
  lost_on_home(
      view_->generation, false,
      end.failure ? recovery::describe(*end.failure) : "the connection ended"
  );
}

awaitable<void> Supervisor::listen_loop(
    std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
) {
  std::string last_event_id;
  core::Backoff backoff;
  const auto subscription = stop_.subscribe([abort] { abort->abort(); });
  while (!abort->aborted()) {
    const auto begun = home_.timers().now();
    auto end = co_await channel(*view).listen(view->headers, last_event_id, *own_sink_, *abort);
    if (abort->aborted() || !end.offered) co_return;
    if (end.failure && (end.failure->http_status || end.failure->stage == Stage::connect)) {
      // A stream that is refused says little; whether the session lives is for a ping to tell,
      // once.
      if (view_ == view && !listen_refused_) {
        listen_refused_ = true;
        lost_on_home(view->generation, false, recovery::describe(*end.failure));
      }
      co_return;
    }
    listen_refused_ = false;
    if (!end.last_event_id.empty()) last_event_id = end.last_event_id;
    if (home_.timers().now() - begun > std::chrono::seconds(30)) backoff.reset();
    co_await io::sleep_until(
        home_.timers(),
        home_.timers().now() + end.retry.value_or(backoff.next(core::system_random())), abort.get()
    );
  }
}

awaitable<std::optional<Failure>> Supervisor::load(
    const SessionView& view, Catalogue& into, ListKind kind, io::AbortSource& abort
) {
  const auto method = list_method(kind);
  const auto capability = method.substr(0, method.find('/'));
  if (!view.server.has(capability)) {
    into[kind] = {};
    co_return std::nullopt;
  }
  PageCollector pages(kind, config_->max_pages);
  std::string params;
  for (;;) {
    auto outcome = co_await request(view, method, params, abort);
    if (outcome.failure) co_return std::move(outcome.failure);
    if (outcome.response->kind() == Frame::Kind::error) {
      core::log::warn(
          "upstream", "{}: {} answered with an error: {}", config_->name, method,
          protocol::string_member(outcome.response->error(), "message")
      );
      // What was listed before stands: a server in trouble must not make its tools vanish.
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

void Supervisor::want_refresh(std::string_view list_changed_method) {
  for (const auto kind : all_lists) {
    if (list_changed_covers(list_changed_method, kind))
      dirty_[static_cast<std::size_t>(kind)] = true;
  }
  if (!refreshing_) tasks_.spawn(refresh_loop());
}

awaitable<void> Supervisor::refresh_loop() {
  if (refreshing_) co_return;
  refreshing_ = true;
  core::Backoff backoff;
  while (view_ && !stopping_ && std::ranges::any_of(dirty_, std::identity{})) {
    const auto view = view_;
    const auto failure = co_await refresh(*view);
    refreshed_.notify();
    if (!failure || view_ != view) continue;  // another session stands by now: list on that one
    const auto because = recovery::describe(*failure);
    core::log::warn("upstream", "{}: could not list again: {}", config_->name, because);
    const bool lost = recovery::session_lost(*failure);
    const bool broken = failure->stage && *failure->stage != Stage::body && !failure->aborted;
    // That a session lives while its lists break the connection is found out once.
    if (lost || (broken && suspected_by_list_ != view->generation)) {
      suspected_by_list_ = view->generation;
      lost_on_home(view->generation, lost, because);
      break;
    }
    if (backoff.attempts() >= config_->reconnect_attempts) {
      dirty_.fill(false);
      break;
    }
    const auto wait = std::max(
        backoff.next(core::system_random()), retry_after(*failure).value_or(core::Duration{0})
    );
    co_await io::sleep_until(home_.timers(), home_.timers().now() + wait, &stop_);
  }
  refreshing_ = false;
  refreshed_.notify();
}

/// Loads what is dirty. A list stays dirty until it was loaded.
awaitable<std::optional<Failure>> Supervisor::refresh(const SessionView& view) {
  io::AbortSource abort;
  const auto of_session = session_abort_;
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

void Supervisor::adopt(Catalogue catalogue) {
  const auto old = catalogue_;
  if (old && *old == catalogue) return;
  catalogue_ = std::make_shared<const Catalogue>(std::move(catalogue));
  publish();
  if (!old) return;
  for (const auto kind : all_lists) {
    const auto& before = (*old)[kind];
    const auto& after = (*catalogue_)[kind];
    if (before == after) continue;
    for (const auto& item : after.items) {
      if (before.find(item.key) == nullptr) {
        core::log::info("upstream", "{}: {} added {}", config_->name, list_member(kind), item.key);
      }
    }
    for (const auto& item : before.items) {
      if (after.find(item.key) == nullptr) {
        core::log::info(
            "upstream", "{}: {} removed {}", config_->name, list_member(kind), item.key
        );
      }
    }
    observer_.list_changed(config_->name, kind);
  }
}

awaitable<void> Supervisor::freshen(ListKind kind) {
  const auto self = shared_from_this();
  if (!home_.on_this_thread()) {
    co_return co_await asio::co_spawn(home_.executor(), freshen(kind), asio::use_awaitable);
  }
  const auto method = list_method(kind);
  const auto index = static_cast<std::size_t>(kind);
  const auto now = home_.timers().now();
  if (!view_ || server_.has(method.substr(0, method.find('/')), "listChanged")) co_return;
  if (loaded_at_[index] && now - *loaded_at_[index] < list_max_age) co_return;
  dirty_[index] = true;
  if (!refreshing_) tasks_.spawn(refresh_loop());
  if (refreshing_) co_await refreshed_.wait(now + std::chrono::seconds(2), &stop_);
}

}  // namespace mooring::upstream
