// How a Supervisor finds out the era of its server, and what it does for one of the modern era
// (from 2026-07-28), where there is no session to keep: one question at the start, and one
// `subscriptions/listen` while it stands.
#include <fmt/format.h>

#include "core/log.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "upstream/era_probe.hpp"
#include "upstream/evidence.hpp"
#include "upstream/supervisor.hpp"
#include "upstream/supervisor_sinks.hpp"

namespace mooring::upstream {

namespace {

constexpr core::Duration subscribe_time = std::chrono::seconds(5);
constexpr core::Duration steady = std::chrono::seconds(30);  ///< a listen that stood so long

}  // namespace

/// One `subscriptions/listen`, from the moment it is sent.
struct Supervisor::Listen {
  Listen(std::string params, std::uint64_t of) : wanted(std::move(params)), wishes(of) {}
  std::string id;        ///< raw, of the request
  std::string wanted;    ///< its params, without the envelope
  std::uint64_t wishes;  ///< which it was made of
  bool acknowledged = false;
  bool refused = false;
  bool hopeless = false;  ///< the server has no such thing
  bool over = false;
  std::set<std::string> taken;  ///< resources that the server agreed to
  io::AbortSource end;
};

bool Supervisor::may_be_modern(const SessionView& view) const {
  const bool old_transport = is_sse() || (view.process && !is_stdio());
  return config_->protocol != ProtocolEra::legacy && !old_transport;
}

/// Meets the server as its era wants it. What was found out before is asked again only where
/// `initialize` is refused.
awaitable<std::optional<Supervisor::ConnectError>> Supervisor::open(
    SessionView& view, io::AbortSource& abort
) {
  const bool asks_first = may_be_modern(view) && era_ != Met::legacy;
  const auto asked = view.process;
  bool silent = false;
  if (asks_first) {
    const auto met = co_await discover(view, abort);
    if (!met) co_return met.error();
    if (*met == Met::modern) co_return std::nullopt;
    silent = *met == Met::silent;
  }
  auto error = co_await initialize(view, abort);
  if (error && error->died && asks_first && view.process == asked && !abort.aborted()) {
    // It came to read the question only now, and died of it.
    if (auto none = co_await new_process(view, abort)) co_return none;
    error = co_await initialize(view, abort);
  }
  if (!error) era_ = Met::legacy;
  // One that was slow to start may know nothing but the modern era, or know it by its first
  // message.
  const bool told = asks_first && !silent;
  if (!error || told || !may_be_modern(view) || !error->refused) co_return error;
  const auto met = co_await discover(view, abort);
  if (met && *met == Met::modern) co_return std::nullopt;
  co_return error;
}

awaitable<std::expected<Supervisor::Met, Supervisor::ConnectError>> Supervisor::discover(
    SessionView& view, io::AbortSource& abort
) {
  const bool sure = era_ == Met::modern || config_->protocol == ProtocolEra::modern;
  const auto probe = std::make_shared<SessionView>(view);
  probe->client = identity_;
  probe->server.version = protocol::latest_modern;
  probe->server.protocol_version = protocol::to_string(protocol::latest_modern);
  probe->headers = std::make_shared<transport::SessionHeaders>(
      transport::SessionHeaders{{}, probe->server.protocol_version}
  );
  const auto hopeless = [](std::string text) {
    return std::unexpected(
        ConnectError{.text = std::move(text), .event = LifecycleEvent::attempt_hopeless}
    );
  };
  for (bool again = false;; again = true) {
    recorder_.step("server/discover");
    const auto outcome = co_await ask(
        probe, "server/discover", &abort, sure ? config_->connect_timeout : config_->probe_timeout
    );
    auto verdict = read_probe(outcome, is_stdio() && !sure);
    switch (verdict.what) {
      case EraVerdict::What::modern:
        view.client = identity_;
        view.server = std::move(verdict.server);
        view.headers = probe->headers;
        era_ = Met::modern;
        co_return Met::modern;
      case EraVerdict::What::again:
        if (!again) continue;
        co_return hopeless("the server refuses the protocol version that it says it speaks");
      case EraVerdict::What::incompatible:
        co_return hopeless(std::move(verdict.why));
      case EraVerdict::What::legacy:
        if (config_->protocol == ProtocolEra::modern)
          co_return hopeless(
              "the server does not speak protocol 2026-07-28; set `protocol` to auto or legacy"
          );
        if (outcome.failure && outcome.failure->stage && is_stdio()) {
          // Some die of a request that they do not expect.
          if (auto error = co_await new_process(view, abort)) co_return std::unexpected(*error);
        }
        co_return outcome.failure&& outcome.failure->timed_out ? Met::silent : Met::legacy;
      case EraVerdict::What::no_verdict:
        if (outcome.failure->timed_out && !sure) co_return Met::silent;
        co_return std::unexpected(failed(*outcome.failure));
    }
  }
}

awaitable<std::optional<Supervisor::ConnectError>> Supervisor::new_process(
    SessionView& view, io::AbortSource& abort
) {
  if (process_) co_await std::exchange(process_, nullptr)->close();
  auto error = co_await open_process(*config_, abort);
  if (!error) view.process = process_;
  co_return error;
}

/// What is wanted of the server beside answers; empty: nothing that it has.
std::string Supervisor::listen_params(const SessionView& view) const {
  std::string wanted = "{}";
  for (const std::string_view list : {"tools", "prompts", "resources"}) {
    if (view.server.has(list, "listChanged"))
      wanted = protocol::with_member(wanted, fmt::format("{}ListChanged", list), "true");
  }
  if (!subscriptions_.empty() && view.server.has("resources", "subscribe")) {
    std::string uris;
    for (const auto& uri : subscriptions_)
      uris += (uris.empty() ? "[" : ",") + protocol::quote(uri);
    wanted = protocol::with_member(wanted, "resourceSubscriptions", uris + "]");
  }
  return wanted == "{}" ? std::string() : fmt::format(R"({{"notifications":{}}})", wanted);
}

/// One listen after the other: where the wishes change, the next one stands before the last ends,
/// which goes on where the next one is not taken.
awaitable<void> Supervisor::listen_modern(
    std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
) {
  const auto stopped = stop_.subscribe([abort] { abort->abort(); });
  std::shared_ptr<Listen> standing;
  const auto with_session = abort->subscribe([this, &standing] {
    for (const auto& each : {listen_, standing}) {
      if (each) each->end.abort();
    }
  });
  listen_.reset();
  bool broken = listen_backoff_.attempts() > 0;
  while (!abort->aborted()) {
    if (broken) {
      // One that broke is asked for again at once: where the server is away, that tells.
      const bool at_once = listen_backoff_.attempts() == 0;
      const auto pause = home_.timers().now() + listen_backoff_.next(random_);
      if (!at_once && !co_await io::sleep_until(home_.timers(), pause, abort.get())) co_return;
    }
    const auto wishes = wishes_;
    const auto wanted = listen_params(*view);
    if (wanted.empty()) {
      if (standing) std::exchange(standing, nullptr)->end.abort();
    } else if (standing && !standing->over && standing->wanted == wanted) {
      listen_ = standing;
      standing->wishes = wishes;
      changed_.notify();
    } else {
      const auto listen = listen_ = std::make_shared<Listen>(wanted, wishes);
      tasks_.spawn(run_listen(view, listen));
      const auto until = home_.timers().now() + subscribe_time;
      while (!listen->acknowledged && !listen->over && home_.timers().now() < until) {
        if (!co_await changed_.wait(until, abort.get()) && abort->aborted()) co_return;
      }
      if (listen->acknowledged || listen->hopeless || !standing || standing->over) {
        if (standing) standing->end.abort();
        if (listen->hopeless) co_return;
        standing = listen;
        // What changed while nobody listened was told to nobody.
        if (std::exchange(broken, false) && !listen->over) lister_.refresh_all();
      } else if (listen->over && !listen->refused) {
        broken = true;
        continue;
      } else {
        listen->end.abort();
      }
    }
    const auto since = home_.timers().now();
    while (wishes_ == wishes && !(standing && standing->over) && !abort->aborted())
      co_await changed_.wait(std::nullopt, abort.get());
    if (home_.timers().now() - since > steady) listen_backoff_.reset();
    broken = standing && standing->over;
  }
}

awaitable<void> Supervisor::run_listen(
    std::shared_ptr<const SessionView> view, std::shared_ptr<Listen> listen
) {
  auto out = own_request(*view, "subscriptions/listen", listen->wanted);
  listen->id = out.id;
  out.abort = &listen->end;
  const auto outcome = co_await channel(*view).request(std::move(out), *own_sink_);
  std::optional<protocol::Frame> refusal;
  if (!outcome.failure) {
    if (outcome.response->kind() == protocol::Frame::Kind::error) refusal = *outcome.response;
  } else {
    refusal = answer_inside(*outcome.failure, "0");
  }
  listen->over = true;
  listen->refused = refusal.has_value();
  listen->hopeless = refusal && is_unknown_method(*refusal);
  changed_.notify();
  if (listen->end.aborted()) {
    if (!view->process || view_ != view) co_return;
    // There is no exchange that could end (2026-07-28 "Cancellation", stdio).
    const auto cancelled = fmt::format(R"({{"requestId":{}}})", listen->id);
    co_await channel(*view).notify(
        protocol::make_notification("notifications/cancelled", cancelled), view->headers
    );
  } else if (refusal) {
    core::log::warn(
        "upstream", "{}: its changes are not heard of: {}", config_->name,
        protocol::string_member(refusal->error(), "message")
    );
  } else if (outcome.failure && outcome.failure->stage == recovery::Stage::connect) {
    // Only this connection may have been too many: an answer on another one tells.
    co_await verify(
        {view->generation, recovery::Plan::Heal::verify, false, recovery::Kind::transient,
         std::make_shared<const recovery::Failure>(*outcome.failure), since_last_use()}
    );
  }
}

void Supervisor::acknowledged(const protocol::Frame& notification) {
  const auto id = protocol::member(notification.meta(), protocol::meta_subscription_id);
  if (!listen_ || id != listen_->id || listen_->end.aborted()) return;
  const auto honoured = protocol::member(notification.params(), "notifications").value_or("{}");
  const auto uris = protocol::member(honoured, "resourceSubscriptions").value_or("[]");
  protocol::for_each_element(uris, [&](std::string_view uri) {
    listen_->taken.insert(protocol::unescape(uri));
    return true;
  });
  listen_->acknowledged = true;
  changed_.notify();
}

awaitable<bool> Supervisor::subscribe(std::string uri, bool on) {
  const auto self = shared_from_this();
  if (!home_.on_this_thread()) {
    co_return co_await asio::co_spawn(
        home_.executor(), subscribe(std::move(uri), on), asio::use_awaitable
    );
  }
  const bool possible = server_.has("resources", "subscribe");
  remember_subscription(uri, on && possible);
  if (!on || !possible) co_return !on;
  const auto until = home_.timers().now() + subscribe_time;
  const auto wish = wishes_;
  const auto told = [&] {
    if (!listen_ || listen_->hopeless) return listen_ != nullptr;
    return listen_->wishes >= wish && (listen_->acknowledged || listen_->refused);
  };
  while (!told() && !stopping_ && home_.timers().now() < until)
    co_await changed_.wait(until, &stop_);
  if (told() && listen_->taken.contains(uri)) co_return true;
  remember_subscription(uri, false);
  co_return false;
}

}  // namespace mooring::upstream
