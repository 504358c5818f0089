#include "gateway/control.hpp"

#include <fmt/format.h>

#include "protocol/messages.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

template <class F>
awaitable<std::invoke_result_t<F>> Control::hop(F action) {
  if (worker_.on_this_thread()) co_return action();
  co_return co_await asio::co_spawn(
      worker_.executor(),
      [](F run) -> awaitable<std::invoke_result_t<F>> { co_return run(); }(std::move(action)),
      asio::use_awaitable
  );
}

void Control::listen(ClientSessionPtr session, Outbox outbox) {
  worker_.post([this, session = std::move(session), outbox = std::move(outbox)]() mutable {
    listeners_.listen(session, std::move(outbox));
    const auto now = std::chrono::system_clock::now();
    if (now - purged_ < std::chrono::minutes(10)) return;
    purged_ = now;
    listeners_.purge(now - session_ttl_);
  });
}

void Control::unlisten(ClientSessionPtr session) {
  worker_.post([this, session = std::move(session)] { listeners_.unlisten(*session); });
}

void Control::end(ClientSessionPtr session) {
  worker_.post([this, session = std::move(session)] {
    for (const auto& [server, uri] : listeners_.subscriptions(*session)) {
      const auto link = links_.find(server);
      if (link != links_.end()) tasks_.spawn(unsubscribe_upstream(link->second, uri));
    }
    listeners_.forget(*session);
    if (store_ != nullptr && !session->id.empty()) store_->revoke(session->key, until());
  });
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

awaitable<bool> Control::subscribe(ClientSessionPtr session, std::string server, std::string uri) {
  co_return co_await hop([this, session, server, uri] {
    if (store_ != nullptr && !session->id.empty())
      store_->subscribe(session->key, session->id, server, uri, until());
    return listeners_.subscribe(session, server, uri);
  });
}

awaitable<bool> Control::unsubscribe(
    ClientSessionPtr session, std::string server, std::string uri
) {
  co_return co_await hop([this, session, server, uri] {
    if (store_ != nullptr && !session->id.empty()) store_->unsubscribe(session->key, server, uri);
    return listeners_.unsubscribe(*session, server, uri);
  });
}

awaitable<bool> Control::allow_sampling(std::string server, int per_minute) {
  co_return co_await hop([this, server, per_minute] {
    auto& limit = sampling_limits_.try_emplace(server, RateLimit(per_minute)).first->second;
    return limit.allow(worker_.timers().now());
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
