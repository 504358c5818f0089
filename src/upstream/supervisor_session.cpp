// What a Supervisor does to make a session.
#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "protocol/request_headers.hpp"
#include "recovery/rules.hpp"
#include "upstream/decline.hpp"
#include "upstream/evidence.hpp"
#include "upstream/supervisor.hpp"
#include "upstream/supervisor_sinks.hpp"

namespace mooring::upstream {

using protocol::Frame;
using recovery::Failure;

namespace {

constexpr core::Duration stream_probe_time = std::chrono::seconds(10);
constexpr std::string_view check_credentials =
    "; check the credentials of this server in the configuration";

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
    if (frame.method() == "notifications/subscriptions/acknowledged") {
      self.acknowledged(frame);
      co_return;
    }
    // Which of our listens brought it is nobody else's business.
    if (protocol::member(frame.meta(), protocol::meta_subscription_id)) {
      const auto params = protocol::without_meta(frame.params(), protocol::meta_subscription_id);
      if (auto bare = Frame::parse(frame.spliced({{frame.params_span(), params}})))
        frame = std::move(*bare);
    }
    const auto& method = frame.method();
    if (method.ends_with("/list_changed")) {
      self.lister_.list_changed(method);
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
  if (!view || view->server.modern()) co_return;  // nobody asks that way there
  std::optional<std::string> response;
  if (request.method() == "elicitation/create" || request.method() == "sampling/createMessage")
    has_asked();
  if (request.method() != "ping") response = co_await observer_.request(config_->name, request);
  if (!response) {
    response = decline(
        request, in_flight() > 1
                     ? "several calls are under way, and nothing says whose client is meant"
                     : "no client is attached to this request"
    );
  }
  co_await channel(*view).notify(std::move(*response), view->headers);
}

/// A request of our own, as the era of the server wants it.
transport::OutgoingRequest Supervisor::own_request(
    const SessionView& view, std::string_view method, std::string params
) {
  transport::OutgoingRequest out;
  out.id = links_.front().second->next_id();
  if (view.server.modern()) {
    params = protocol::with_envelope(
        params, {view.server.protocol_version, view.client.capabilities, view.client.info, {}}
    );
    if (!view.process) out.headers = protocol::request_headers(method, params);
  }
  out.bytes = protocol::make_request(out.id, method, params);
  out.method = method;
  out.session = view.headers;
  return out;
}

awaitable<transport::Outcome> Supervisor::request(
    const SessionView& view, std::string_view method, std::string params, io::AbortSource& abort
) {
  auto out = own_request(view, method, std::move(params));
  out.abort = &abort;
  last_asked_ = home_.timers().now();
  auto outcome = co_await channel(view).request(std::move(out), *own_sink_);
  if (method == "initialize" || method == "server/discover") co_return outcome;
  if (outcome.failure) {
    const auto conclusion = classify(*outcome.failure, overrides_);
    if (conclusion.action != recovery::Action::none) co_return outcome;
    outcome.response = answer_inside(*outcome.failure, "0");
    if (!outcome.response) co_return outcome;
    outcome.failure.reset();
  } else if (outcome.response->kind() == Frame::Kind::error) {
    auto failure = in_band(*outcome.response, method, *view.headers);
    if (classify(failure, overrides_).about_session()) {
      outcome.failure = std::move(failure);
      outcome.response.reset();
      co_return outcome;
    }
  }
  view.proven->store(true, std::memory_order_relaxed);
  co_return outcome;
}

awaitable<std::optional<Supervisor::ConnectError>> Supervisor::connect(io::AbortSource& abort) {
  // A modern server has no session that could have outlived the connection: it is met anew.
  const auto suspect = std::exchange(suspect_, nullptr);
  if (suspect && !suspect->server.modern()) {
    const auto failure = co_await still_known(suspect, abort);
    if (!failure) {
      core::log::info("upstream", "{}: the session lives, and is kept", config_->name);
      kept_ = true;
      established(suspect, std::nullopt);
      co_return std::nullopt;
    }
    recorder_.step(recovery::describe(*failure));
    if (classify(*failure, overrides_).about_session())
      lost_sessions_.remember(suspect->generation, std::make_shared<const Failure>(*failure));
    tasks_.spawn(say_goodbye(suspect));
  }
  if (process_) co_await std::exchange(process_, nullptr)->close();
  auto view = std::make_shared<SessionView>();
  std::optional<Catalogue> first;
  if (auto error = co_await shake_hands(view, first, abort)) co_return error;
  if (abort.aborted()) co_return ConnectError{.text = "connecting was interrupted"};
  view->generation = ++generation_;
  established(std::move(view), std::move(first));
  co_return std::nullopt;
}

/// A session that is refused before it stood is asked for again at once, within the budget for
/// such: the server may have lost all its sessions just then.
awaitable<std::optional<Supervisor::ConnectError>> Supervisor::shake_hands(
    std::shared_ptr<SessionView>& view, std::optional<Catalogue>& first, io::AbortSource& abort
) {
  std::optional<ConnectError> error;
  for (;;) {
    view = std::make_shared<SessionView>();
    view->headers = std::make_shared<transport::SessionHeaders>();
    if (is_stdio() || is_sse()) {
      const auto no_process = co_await open_process(*config_, abort);
      if (no_process && !(use_sse_ && no_process->try_other)) co_return no_process;
      // What was found out once is no longer so: it is found out anew.
      if (no_process) use_sse_ = false;
      view->process = process_;
    }
    opening_ = view;
    error = co_await open(*view, abort);
    if (error && error->try_other && !abort.aborted())
      error = co_await fall_back(view, std::move(*error), abort);
    if (!error) {
      auto failure = co_await restore(*view, abort);
      if (!failure && !lister_.catalogue()) {
        auto loaded = co_await lister_.load_all(*view, abort);
        if (loaded) {
          first = std::move(*loaded);
        } else {
          failure = std::move(loaded.error());
        }
      }
      if (!failure) co_return std::nullopt;
      error = failed(*failure);
    }
    if (!error->session_lost || view->process || abort.aborted()) break;
    if (!lifecycle_.may_shake_hands_again(home_.timers().now())) break;
    recorder_.step(error->text);
  }
  co_return error;
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
  auto opened = is_stdio() ? co_await channels_.stdio(home_, std::move(config), abort)
                           : co_await channels_.sse(home_, std::move(config), abort, credentials_);
  if (!opened) {
    const auto reason = opened.error().reason;
    ConnectError error{.text = std::move(opened.error().detail)};
    if (reason != Reason::io) error.event = LifecycleEvent::attempt_hopeless;
    if (reason == Reason::login_needed || reason == Reason::rejected) {
      error.text += check_credentials;
      error.event = LifecycleEvent::auth_refused;
      error.kind = recovery::Kind::auth;
      if (credentials_ && reason == Reason::login_needed)
        error.refusal = auth::Refusal{.version = credentials_->version()};
    }
    error.try_other = reason == Reason::protocol;
    co_return error;
  }
  process_ = std::move(*opened);
  tasks_.spawn(watch_process(process_));
  co_return std::nullopt;
}

awaitable<std::optional<Supervisor::ConnectError>> Supervisor::initialize(
    SessionView& view, io::AbortSource& abort
) {
  recorder_.step("initialize");
  auto outcome = co_await request(view, "initialize", initialize_params(identity_), abort);
  if (outcome.failure) {
    auto error = failed(*outcome.failure);
    error.refused = error.event == LifecycleEvent::attempt_hopeless && outcome.failure->http_status;
    error.try_other = !view.process && config_->transport == TransportKind::automatic &&
                      may_be_sse(*outcome.failure);
    co_return error;
  }
  const auto& frame = *outcome.response;
  if (frame.kind() == Frame::Kind::error) {
    co_return ConnectError{
        .text = fmt::format(
            "initialize was refused: {}", protocol::string_member(frame.error(), "message")
        ),
        .refused = true
    };
  }
  auto server = read_initialize_result(frame.result());
  if (!server) {
    co_return ConnectError{.text = server.error(), .event = LifecycleEvent::attempt_hopeless};
  }
  view.server = std::move(*server);
  view.headers = std::make_shared<transport::SessionHeaders>(
      transport::SessionHeaders{outcome.session_id, view.server.protocol_version}
  );
  if (!recovery::holds(recovery::Rule::initialized_first)) co_return std::nullopt;
  const auto refused = co_await channel(view).notify(
      protocol::make_notification("notifications/initialized"), view.headers
  );
  if (refused) co_return failed(*refused);
  co_return std::nullopt;
}

Supervisor::ConnectError Supervisor::failed(const Failure& failure) const {
  ConnectError error;
  const auto conclusion = classify(failure, overrides_);
  error.text = recovery::describe(failure);
  error.kind = conclusion.kind;
  error.retry_after = retry_after(failure);
  error.session_lost = failure.sent_session_id && conclusion.about_session();
  error.died = failure.stage == recovery::Stage::process;
  const auto status = failure.http_status.value_or(0);
  if (error.session_lost) return error;
  if (status == 401 || status == 403) {
    error.text += check_credentials;
    error.event = LifecycleEvent::auth_refused;
    const bool other_may = conclusion.action == recovery::Action::reauthorize;
    if (other_may || status == 401) error.refusal = refusal_of(failure, false);
  } else if (is_hopeless(failure)) {
    const auto answer = answer_inside(failure, "0");
    const auto code = answer ? protocol::member(answer->error(), "code").value_or("") : "";
    if (code == std::to_string(protocol::unsupported_protocol_version)) {
      error.text += "; its revision of the protocol is another: set `protocol` to auto";
    } else if (status >= 300) {
      error.text = (answer ? "the server refuses: " : "not an MCP endpoint: ") + error.text;
    }
    error.event = LifecycleEvent::attempt_hopeless;
  }
  return error;
}

/// Applies again what clients had asked for. Only a session that is gone again is a failure.
awaitable<std::optional<Failure>> Supervisor::restore(
    const SessionView& view, io::AbortSource& abort
) {
  struct Wish {
    std::string_view method;
    std::string params;
  };
  std::vector<Wish> wishes;
  if (view.server.modern()) co_return std::nullopt;  // each request brings its own
  if (!log_level_.empty() && view.server.has("logging")) {
    wishes.push_back(
        {"logging/setLevel", fmt::format(R"({{"level":{}}})", protocol::quote(log_level_))}
    );
  }
  if (view.server.has("resources", "subscribe")) {
    for (const auto& uri : subscriptions_) {
      wishes.push_back({"resources/subscribe", fmt::format(R"({{"uri":{}}})", protocol::quote(uri))}
      );
    }
  }
  for (auto& wish : wishes) {
    auto outcome = co_await request(view, wish.method, std::move(wish.params), abort);
    if (!outcome.failure) continue;
    if (classify(*outcome.failure, overrides_).about_session() || outcome.failure->stage)
      co_return std::move(outcome.failure);
    core::log::warn(
        "upstream", "{}: {} could not be restored: {}", config_->name, wish.method,
        recovery::describe(*outcome.failure)
    );
  }
  if (!wishes.empty()) recorder_.step(fmt::format("restored {} settings", wishes.size()));
  co_return std::nullopt;
}

void Supervisor::established(
    std::shared_ptr<const SessionView> view, std::optional<Catalogue> first
) {
  core::log::info(
      "upstream", "{}: ready (generation {}, protocol {})", config_->name, view->generation,
      view->server.protocol_version
  );
  recorder_.step(fmt::format("session of generation {} stands", view->generation));
  drop_session();
  view_ = view;
  // Whoever asked for an attempt meanwhile has got it.
  wake_for_reconnect_ = wake_for_call_ = draining_ = false;
  ended_.reset();
  server_ = view_->server;
  last_success_ = ready_since_ = std::chrono::system_clock::now();
  stands_since_ = home_.timers().now();
  const auto end = session_abort_ = std::make_shared<io::AbortSource>();
  // Callers need the session now; what it lists can follow. Each may find the session lost before
  // it returns.
  if (view->server.modern()) {
    tasks_.spawn(listen_modern(view, end));
  } else if (!view->process) {
    tasks_.spawn(listen_loop(view, end));
  }
  if (is_stdio()) {
    tasks_.spawn(recycle(view, end));
  } else if (!view->server.modern()) {
    tasks_.spawn(keep_alive(view, end));
  }
  if (first) {
    lister_.adopt_first(std::move(*first));
  } else {
    lister_.refresh_all();
  }
}

awaitable<void> Supervisor::watch_process(std::shared_ptr<transport::ProcessChannel> process) {
  const auto end = co_await process->listen(nullptr, {}, *own_sink_, stop_);
  if (process_ != process || !view_ || view_->process != process) co_return;
  end_session(
      view_->generation,
      {LifecycleEvent::lost, "process_gone",
       end.failure ? recovery::describe(*end.failure) : "the connection ended", std::nullopt}
  );
}

}  // namespace mooring::upstream
