#include "gateway/control.hpp"

#include <fmt/format.h>

#include "protocol/messages.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

namespace {
constexpr core::Duration give_up_time = std::chrono::seconds(5);  ///< others may wait for it
}

template <class F>
awaitable<std::invoke_result_t<F>> Control::hop(F action) {
  if (worker_.on_this_thread()) co_return action();
  co_return co_await asio::co_spawn(
      worker_.executor(),
      [](F run) -> awaitable<std::invoke_result_t<F>> { co_return run(); }(std::move(action)),
      asio::use_awaitable
  );
}

/// Runs on the control worker.
template <class T>
awaitable<T> Control::here(awaitable<T> task) {
  if (worker_.on_this_thread()) co_return co_await std::move(task);
  co_return co_await asio::co_spawn(worker_.executor(), std::move(task), asio::use_awaitable);
}

void Control::listen(ClientSessionPtr session, Outbox outbox) {
  worker_.post([this, session = std::move(session), outbox = std::move(outbox)]() mutable {
    listeners_.listen(session, std::move(outbox));
  });
}

void Control::unlisten(ClientSessionPtr session) {
  worker_.post([this, session = std::move(session)] { listeners_.unlisten(*session); });
}

void Control::end(ClientSessionPtr session) {
  worker_.post([this, session = std::move(session)] {
    for (const auto& [server, uri] : listeners_.subscriptions(*session)) {
      const auto link = links_.find(server);
      if (link != links_.end()) tasks_.spawn(give_up(link->second, {server, uri}));
    }
    listeners_.forget(*session);
    if (store_ != nullptr && !session->id.empty()) store_->revoke(session->key, until());
  });
}

/// Who wants it again meanwhile waits until the server was told that nobody did.
awaitable<void> Control::give_up(std::shared_ptr<upstream::Link> link, Resource resource) {
  const bool first = unsettled_.insert(resource).second;
  co_await unsubscribe_upstream(std::move(link), resource.second);
  if (!first) co_return;
  unsettled_.erase(resource);
  settled_.notify();
}

awaitable<void> Control::unsubscribe_upstream(
    std::shared_ptr<upstream::Link> link, std::string uri
) {
  if (const auto supervisor = link->supervisor()) supervisor->remember_subscription(uri, false);
  const auto frame = protocol::Frame::parse(protocol::make_request(
      "0", "resources/unsubscribe", fmt::format(R"({{"uri":{}}})", protocol::quote(uri))
  ));
  upstream::CallRequest request;
  request.frame = &*frame;
  request.timeout = give_up_time;
  co_await link->call(std::move(request));
}

awaitable<int> Control::set_level(ClientSessionPtr session, std::string server, int severity) {
  co_return co_await hop([this, session, server, severity] {
    listeners_.set_level(session, server, severity);
    if (store_ != nullptr && !session->id.empty())
      store_->level(session->key, session->id, server, severity, until());
    return listeners_.wanted_level(server).value_or(severity);
  });
}

awaitable<Control::Subscribed> Control::subscribe(
    ClientSessionPtr session, std::string server, std::string uri
) {
  co_return co_await here(subscribe_here(std::move(session), {std::move(server), std::move(uri)}));
}

awaitable<Control::Subscribed> Control::subscribe_here(
    ClientSessionPtr session, Resource resource
) {
  // Somebody else's answer is still out: what it says is not known to be true for us.
  while (unsettled_.contains(resource)) co_await settled_.wait();
  const auto& [server, uri] = resource;
  if (!listeners_.subscribed(*session, server, uri) &&
      listeners_.subscription_count(*session) >= subscriptions_per_session_) {
    co_return Subscribed::too_many;
  }
  if (listeners_.subscribe(session, server, uri)) {
    unsettled_.insert(resource);
    co_return Subscribed::tell;
  }
  keep(*session, resource);
  co_return Subscribed::done;
}

awaitable<Control::Subscribed> Control::unsubscribe(
    ClientSessionPtr session, std::string server, std::string uri
) {
  co_return co_await here(unsubscribe_here(std::move(session), {std::move(server), std::move(uri)})
  );
}

awaitable<Control::Subscribed> Control::unsubscribe_here(
    ClientSessionPtr session, Resource resource
) {
  while (unsettled_.contains(resource)) co_await settled_.wait();
  const auto& [server, uri] = resource;
  if (store_ != nullptr && !session->id.empty()) store_->unsubscribe(session->key, server, uri);
  if (!listeners_.unsubscribe(*session, server, uri)) co_return Subscribed::done;
  unsettled_.insert(resource);
  co_return Subscribed::tell;
}

awaitable<void> Control::settle(
    ClientSessionPtr session, std::string server, std::string uri, bool subscribed
) {
  co_await hop([this, session, resource = Resource{server, uri}, subscribed] {
    unsettled_.erase(resource);
    settled_.notify();
    if (!subscribed) {
      listeners_.unsubscribe(*session, resource.first, resource.second);
    } else if (listeners_.subscribed(*session, resource.first, resource.second)) {
      keep(*session, resource);
    } else if (const auto link = links_.find(resource.first); link != links_.end()) {
      // The session ended meanwhile.
      tasks_.spawn(unsubscribe_upstream(link->second, resource.second));
    }
  });
}

void Control::keep(const ClientSession& session, const Resource& resource) {
  if (store_ == nullptr || session.id.empty()) return;
  store_->subscribe(session.key, session.id, resource.first, resource.second, until());
}

void Control::purge(std::chrono::system_clock::time_point now) {
  listeners_.purge(now - session_ttl_);
  if (store_ != nullptr) store_->purge(now);
}

awaitable<bool> Control::allow_sampling(std::string server, int per_minute) {
  co_return co_await hop([this, server, per_minute] {
    return sampling_limits_[server].allow(worker_.timers().now(), per_minute);
  });
}

void Control::set_link(std::string server, std::shared_ptr<upstream::Link> link) {
  if (link) {
    links_[server] = std::move(link);
  } else {
    links_.erase(server);
    sampling_limits_.erase(server);
  }
}

awaitable<void> Control::stop() { co_await tasks_.join(); }

}  // namespace mooring::gateway
