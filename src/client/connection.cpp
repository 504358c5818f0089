#include "client/connection.hpp"

#include <fmt/format.h>

#include <charconv>

#include "client/answers.hpp"
#include "client/login.hpp"
#include "client/outcome.hpp"
#include "core/log.hpp"
#include "core/paths.hpp"
#include "core/proxy_env.hpp"
#include "protocol/messages.hpp"
#include "upstream/call_rounds.hpp"

namespace mooring::client {

using protocol::Frame;
using upstream::State;

namespace {

/// How long the end of a session may take: the server is told, and a child gets time to leave.
constexpr auto login_time = std::chrono::minutes(10);  ///< of a person in a browser
constexpr auto goodbye = std::chrono::seconds(6);

double number(std::string_view params, std::string_view key, double otherwise) {
  const auto raw = protocol::member(params, key);
  if (!raw) return otherwise;
  double value = 0;
  const auto [end, error] = std::from_chars(raw->data(), raw->data() + raw->size(), value);
  return error == std::errc{} ? value : otherwise;
}

UpstreamConfig of_one_client(UpstreamConfig config) {
  config.one_client = true;
  return config;
}

std::string with_progress_token(std::string_view params, std::string_view token) {
  auto meta = protocol::member(params, "_meta").value_or("{}");
  if (!protocol::is_object(meta)) meta = "{}";
  return protocol::with_member(
      params, "_meta", protocol::with_member(meta, "progressToken", token)
  );
}

std::string_view list_changed_method(upstream::ListKind kind) {
  switch (kind) {
    case upstream::ListKind::tools:
      return "notifications/tools/list_changed";
    case upstream::ListKind::prompts:
      return "notifications/prompts/list_changed";
    default:
      return "notifications/resources/list_changed";
  }
}

}  // namespace

/// One request on its way, and what the server says meanwhile.
struct Connection::Call final : transport::Sink {
  Call(Connection& owner, const CallOptions& o) : connection(owner), options(o) {}

  awaitable<void> message(Frame frame) override {
    if (frame.is_request()) {
      connection.tasks_.spawn(connection.answer(connection.link_, std::move(frame)));
    } else if (frame.method() == "notifications/progress" && frame.progress_token() == id) {
      progress(frame.params());
    } else if (frame.is_notification()) {
      tell(connection.options_.handlers, frame.method(), frame.params());
    }
    co_return;
  }

  void progress(std::string_view params) const {
    if (!options.progress) return;
    try {
      options.progress(
          number(params, "progress", 0), number(params, "total", -1),
          protocol::string_member(params, "message")
      );
    } catch (const std::exception& error) {
      core::log::error("client", "the handler of progress failed: {}", error.what());
    } catch (...) {
      core::log::error("client", "the handler of progress failed");
    }
  }

  Connection& connection;
  const CallOptions& options;  ///< of the caller, who waits
  std::string id;
  std::string bytes;
  std::string log_level;  ///< when it began
  io::AbortSource abort;
  std::promise<Result<std::string>> done;
};

Connection::Connection(UpstreamConfig config, ClientOptions options)
    : config_(std::make_shared<const UpstreamConfig>(of_one_client(std::move(config)))),
      options_(std::move(options)),
      worker_(0),
      tasks_(worker_.executor()) {}

Connection::~Connection() {
  if (!channels_) return;
  auto closed = std::make_shared<std::promise<void>>();
  auto done = closed->get_future();
  worker_.post([this, closed] {
    asio::co_spawn(worker_.executor(), close(), [closed](const std::exception_ptr&) {
      closed->set_value();
    });
  });
  done.wait_for(goodbye);
  worker_.stop();
  worker_.join();
}

Result<void> Connection::open() {
  if (!config_->url.empty()) {
    auto parts = authenticator_parts(worker_, options_);
    if (!parts) return std::unexpected(parts.error());
    sign_in_ = std::move(*parts);
  }
  channels_ = std::make_unique<transport::SystemChannels>(
      core::state_dir(options_.state_dir), core::ProxySettings::from_environment()
  );
  auto until = std::chrono::steady_clock::now() + config_->connect_timeout;
  if (options_.handlers.authorize) until += login_time;
  worker_.start();
  worker_.post([this] { start(); });
  std::unique_lock lock(mutex_);
  told_.wait_until(lock, until, [this] {
    return state_ == State::ready || state_ == State::failed || state_ == State::parked ||
           state_ == State::login_needed || state_ == State::disabled;
  });
  if (state_ == State::ready) return {};
  if (state_ == State::disabled) {
    return fail(Reason::config, fmt::format("{}: disabled in the configuration", config_->name));
  }
  if (!last_error_.empty()) {
    return std::unexpected(to_connect_error(config_->name, last_error_, failure_kind_ == "auth"));
  }
  const auto seconds = std::chrono::duration<double>(config_->connect_timeout).count();
  return fail(
      Reason::unavailable,
      fmt::format("{}: no answer to the handshake within {} s", config_->name, seconds)
  );
}

void Connection::start() {
  supervisor_ = std::make_shared<upstream::Supervisor>(
      worker_, config_, *channels_, core::system_random(), identity_of(options_, *config_), *this
  );
  std::shared_ptr<transport::Channel> http;
  if (!config_->url.empty()) {
    const auto credentials = std::make_shared<transport::Credentials>(config_->headers);
    supervisor_->sign_in_with(
        std::make_shared<auth::Authenticator>(worker_, config_, credentials, std::move(sign_in_)),
        credentials
    );
    http = channels_->http(worker_, *config_, credentials);
  }
  link_ = std::make_shared<upstream::Link>(worker_, config_, std::move(http), supervisor_, 1);
  supervisor_->set_links({{&worker_, link_}});
  supervisor_->start();
}

Result<std::string> Connection::request(
    std::string_view method, std::string_view params, const CallOptions& options
) {
  if (worker_.on_this_thread()) {
    return fail(Reason::usage, "a handler must not call its own client");
  }
  if (const auto wrong = protocol::validate(params)) {
    return fail(Reason::usage, fmt::format("the arguments are not valid JSON: {}", *wrong));
  }
  const auto first = params.find_first_not_of(" \t\r\n");
  if (params[first] != '{') return fail(Reason::usage, "the arguments must be a JSON object");
  params.remove_prefix(first);

  auto call = std::make_shared<Call>(*this, options);
  auto done = call->done.get_future();
  worker_.post([this, call, method = std::string(method), params = std::string(params)] {
    call->id = std::to_string(++next_id_);
    const bool wants_progress = static_cast<bool>(call->options.progress);
    call->bytes = protocol::make_request(
        call->id, method, wants_progress ? with_progress_token(params, call->id) : params
    );
    tasks_.spawn(run(call));
  });
  const std::stop_callback stop(options.stop, [this, call] {
    worker_.post([call] { call->abort.abort(); });
  });
  return done.get();
}

awaitable<void> Connection::run(std::shared_ptr<Call> call) {
  auto frame = Frame::parse(std::move(call->bytes));
  if (!frame) {
    call->done.set_value(fail(Reason::usage, frame.error().message));
    co_return;
  }
  upstream::CallRequest up;
  up.frame = &*frame;
  up.sink = call.get();
  up.abort = &call->abort;
  up.cancel_reason = "cancelled by the user";
  // Levels travel with each request in the modern era; who does not listen wants none.
  if (frame->method() == "logging/setLevel")
    log_level_ = protocol::string_member(frame->params(), "level");
  call->log_level = log_level_;
  if (options_.handlers.notification) up.log_level = call->log_level;
  if (call->options.timeout) up.timeout = *call->options.timeout;
  const auto ask = [this](
                       Frame question, core::TimePoint
                   ) -> awaitable<std::expected<std::string, std::string>> {
    const auto response = Frame::parse(client::answer(options_.handlers, question)).value();
    if (response.kind() == Frame::Kind::result) co_return std::string(response.result());
    co_return std::unexpected(std::string(response.error()));
  };
  auto result = co_await upstream::call_to_its_end(
      worker_, *link_, std::move(up), ask, core::system_random()
  );
  if (result.error) {
    call->done.set_value(std::unexpected(to_error(*result.error)));
  } else if (result.response->kind() == Frame::Kind::error) {
    call->done.set_value(std::unexpected(to_error(result.response->error())));
  } else {
    call->done.set_value(std::string(result.response->result()));
  }
}

awaitable<void> Connection::answer(std::shared_ptr<upstream::Link> link, Frame request) {
  co_await link->notify(client::answer(options_.handlers, request));
}

awaitable<void> Connection::close() {
  // What was cancelled is told before the session ends under it.
  if (link_) co_await link_->stop();
  if (supervisor_) co_await supervisor_->stop();
  co_await tasks_.join();
  supervisor_.reset();
  link_.reset();
}

upstream::ServerIdentity Connection::server() const {
  const std::lock_guard lock(mutex_);
  return server_;
}

void Connection::changed(const std::string&) {
  const auto& snapshot = link_->snapshot();
  {
    const std::lock_guard lock(mutex_);
    state_ = snapshot.state;
    last_error_ = snapshot.last_error;
    failure_kind_ = snapshot.failure_kind;
    if (snapshot.session) server_ = snapshot.server;
  }
  told_.notify_all();
}

void Connection::list_changed(const std::string&, upstream::ListKind kind) {
  tell(options_.handlers, list_changed_method(kind), "{}");
}

void Connection::notification(const std::string&, const Frame& frame) {
  tell(options_.handlers, frame.method(), frame.params());
}

awaitable<std::optional<std::string>> Connection::request(const std::string&, const Frame& frame) {
  co_return client::answer(options_.handlers, frame);
}

}  // namespace mooring::client
