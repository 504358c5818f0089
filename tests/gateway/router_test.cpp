// What the router promises about sessions and requests in flight, where a whole gateway would only
// show it by luck.
#include "gateway/router.hpp"

#include "store/session_store.hpp"
#include "upstream/world.hpp"

namespace mooring::gateway {
namespace {

using namespace std::chrono_literals;
using upstream::World;

class Answer final : public Responder {
 public:
  awaitable<void> send(std::string message) override {
    sent.push_back(std::move(message));
    co_return;
  }
  awaitable<void> finish(std::string bytes) override {
    ++finished;
    response = std::move(bytes);
    co_return;
  }
  awaitable<bool> finish_part(std::string_view bytes) override {
    response += bytes;
    co_return true;
  }
  awaitable<void> finish_end(bool) override {
    ++finished;
    co_return;
  }

  std::string error_code() const {
    const auto error = protocol::member(response, "error");
    return error ? std::string(protocol::member(*error, "code").value_or("")) : "";
  }
  std::vector<std::string> sent;
  std::string response;
  int finished = 0;
};

/// Which subscriptions would outlive the process.
class Store final : public store::SessionStore {
 public:
  Loaded load(Time) override { return {}; }
  void purge(Time) override { ++purged; }
  void revoke(std::string, Time) override {}
  void level(std::string, std::string, std::string, int, Time) override {}
  void subscribe(std::string key, std::string, std::string, std::string uri, Time) override {
    kept.emplace(std::move(key), std::move(uri));
  }
  void unsubscribe(std::string key, std::string, std::string uri) override {
    kept.erase({key, uri});
  }
  std::set<std::pair<std::string, std::string>> kept;
  int purged = 0;
};

/// A router for each worker of a scripted world.
class RouterTest : public testing::Test {
 protected:
  RouterTest() : world_(World::http(), 2) {
    world_.connect();
    shared_.codec = &codec_;
    shared_.revocations = &revocations_;
    shared_.control = &control_;
    shared_.random = &world_.random;
    shared_.boot = "BOOT";
    shared_.requests_per_session = 3;
    auto table = std::make_shared<RoutingTable>();
    const Contribution contribution{
        "s", world_.config, world_.snapshot().catalogue, world_.server->capabilities
    };
    table->names = std::make_shared<const ServerNames>(std::vector<std::string>{"s"});
    table->servers.push_back(shown_server(contribution));
    table->aggregate = std::make_shared<const Aggregate>(std::vector{contribution});
    table_ = table;
    for (unsigned i = 0; i < 2; ++i) add_router(i);
    for (const auto& router : routers_) router->set_peers({routers_[0].get(), routers_[1].get()});
  }
  ~RouterTest() override {
    for (const auto& router : routers_) {
      router->abort_calls();
      world_.turn();
      world_.run(router->stop(), &router == &routers_[0] ? 0 : 1);
    }
    world_.run(control_.stop());
    world_.stop();
    routers_.clear();
  }
  void add_router(unsigned worker) {
    routers_.push_back(std::make_unique<Router>(world_.worker(worker), shared_));
    routers_.back()->publish(table_);
    routers_.back()->set_link("s", world_.links[worker]);
  }

  ClientSessionPtr open(std::string params = R"({"protocolVersion":"2025-11-25"})") {
    ClientSessionPtr session;
    world_.run([](Router& router, std::string with, ClientSessionPtr& to) -> awaitable<void> {
      auto frame = Frame::parse(protocol::make_request("0", "initialize", with));
      auto opened = co_await router.open(std::move(*frame), "s", "ann");
      to = opened.session;
    }(*routers_[0], std::move(params), session));
    return session;
  }
  std::shared_ptr<Answer> send(
      const ClientSessionPtr& session, const std::string& id, std::size_t worker = 0,
      std::string_view method = "tools/call", std::string_view params = R"({"name":"echo"})"
  ) {
    auto answer = std::make_shared<Answer>();
    auto frame = Frame::parse(protocol::make_request(id, method, params));
    asio::co_spawn(
        world_.worker(worker).executor(),
        routers_[worker]->request(session, std::move(*frame), answer),
        [](const std::exception_ptr& error) { EXPECT_FALSE(error); }
    );
    world_.turn();
    return answer;
  }
  std::shared_ptr<Answer> subscribe(
      const ClientSessionPtr& session, std::string_view uri, std::size_t worker = 0,
      std::string_view method = "resources/subscribe"
  ) {
    return send(
        session, std::to_string(++last_id_), worker, method, fmt::format(R"({{"uri":"{}"}})", uri)
    );
  }
  void cancel(const ClientSessionPtr& session, const std::string& id, std::size_t worker = 0) {
    auto frame = Frame::parse(protocol::make_notification(
        "notifications/cancelled", fmt::format(R"({{"requestId":{},"reason":"enough"}})", id)
    ));
    world_.worker(worker).post([this, session, worker,
                                shared = std::make_shared<Frame>(std::move(*frame))] {
      routers_[worker]->notice(session, std::move(*shared));
    });
    world_.turn();
  }
  using Frame = protocol::Frame;

  World world_;
  SessionCodec codec_{core::SealKey{}, 1h};
  Revocations revocations_;
  Store store_;
  Control control_{world_.home(), &store_, 3600s, 3};
  RouterShared shared_;
  std::shared_ptr<const RoutingTable> table_;
  std::vector<std::unique_ptr<Router>> routers_;
  int last_id_ = 100;
};

TEST_F(RouterTest, every_worker_and_every_replica_knows_a_session) {
  const auto session = open();
  ASSERT_TRUE(session);
  for (const auto& router : routers_) {
    const auto found = router->find(session->id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, session->key);
    EXPECT_EQ(found->endpoint, "s");
    EXPECT_EQ(found->principal, "ann");
    EXPECT_EQ(router->find(session->id), found) << "opened once";
    EXPECT_FALSE(router->find(session->id + "x"));
    EXPECT_FALSE(router->find(""));
  }
}

TEST_F(RouterTest, a_session_that_was_ended_is_ended_on_every_worker_cached_or_not) {
  const auto session = open();
  const auto other = open();
  ASSERT_TRUE(routers_[1]->find(session->id));
  routers_[0]->end(routers_[0]->find(session->id));
  world_.turn();
  for (const auto& router : routers_) {
    EXPECT_FALSE(router->find(session->id));
    EXPECT_TRUE(router->find(other->id));
  }
}

TEST_F(RouterTest, a_session_of_a_server_that_is_gone_is_gone) {
  const auto session = open();
  routers_[1]->publish(std::make_shared<RoutingTable>());
  EXPECT_FALSE(routers_[1]->find(session->id));
}

TEST_F(RouterTest, only_what_a_client_can_be_asked_for_is_sealed) {
  const auto session =
      open(R"({"protocolVersion":"2025-06-18","clientInfo":{"name":"c"},"capabilities":)"
           R"({"sampling":{},"roots":{"listChanged":true},"elicitation":7,"experimental":{"x":1}}})"
      );
  EXPECT_EQ(session->version, protocol::Version::v2025_06_18);
  EXPECT_EQ(session->client_name, "c");
  EXPECT_EQ(session->capabilities, R"({"roots":{"listChanged":true},"sampling":{}})");

  const auto huge = open(fmt::format(
      R"({{"protocolVersion":"2025-11-25","clientInfo":{{"name":"{0}"}},"capabilities":{{"roots":{{"x":"{0}"}}}}}})",
      std::string(100'000, 'x')
  ));
  ASSERT_TRUE(huge);
  EXPECT_EQ(huge->capabilities, "{}");
  EXPECT_LT(huge->id.size(), 1000u);
}

TEST_F(RouterTest, initialize_without_a_version_opens_nothing) {
  EXPECT_FALSE(open("{}"));
  EXPECT_FALSE(open(R"({"protocolVersion":7})"));
  // A revision of the future is answered with our newest.
  EXPECT_EQ(open(R"({"protocolVersion":"2099-01-01"})")->version, protocol::latest_legacy);
}

TEST_F(RouterTest, a_session_has_so_many_requests_in_flight_and_another_its_own) {
  world_.server->holds = {"tools/call"};
  const auto session = open(), other = open();
  std::vector<std::shared_ptr<Answer>> held;
  for (const auto* id : {"1", "2", "3"}) held.push_back(send(session, id));
  const auto refused = send(session, "4");
  EXPECT_EQ(refused->finished, 1);
  EXPECT_EQ(refused->error_code(), "-32603");
  EXPECT_EQ(send(session, "5", 0, "ping")->finished, 1);
  held.push_back(send(other, "1"));
  EXPECT_EQ(held.back()->finished, 0);
  world_.server->released.set();
  world_.turn();
  for (const auto& answer : held) {
    EXPECT_EQ(answer->finished, 1);
    EXPECT_EQ(answer->error_code(), "");
  }
  EXPECT_EQ(send(session, "4")->error_code(), "");
}

TEST_F(RouterTest, an_id_that_is_still_running_is_refused_and_the_first_goes_on) {
  world_.server->holds = {"tools/call"};
  const auto session = open();
  const auto first = send(session, "1");
  const auto second = send(session, "1");
  EXPECT_EQ(second->error_code(), "-32600");
  EXPECT_EQ(first->finished, 0);
  // A string is another id than a number.
  const auto third = send(session, "\"1\"");
  EXPECT_EQ(third->finished, 0);
  world_.server->released.set();
  world_.turn();
  EXPECT_EQ(first->error_code(), "");
  EXPECT_EQ(send(session, "1")->error_code(), "");
}

TEST_F(RouterTest, a_cancellation_finds_its_request_on_whatever_worker) {
  world_.server->hangs = {"tools/call"};
  const auto session = open();
  for (std::size_t at = 0; at < 2; ++at) {
    for (std::size_t from = 0; from < 2; ++from) {
      const auto answer = send(session, "7", at);
      cancel(session, "8", from);
      cancel(session, "\"7\"", from);
      cancel(open(), "7", from);
      EXPECT_EQ(answer->finished, 0);
      cancel(session, "7", from);
      EXPECT_EQ(answer->finished, 1) << "at " << at << " from " << from;
      EXPECT_NE(
          world_.server->last("notifications/cancelled").params.find("enough"), std::string::npos
      );
    }
  }
  EXPECT_EQ(world_.server->count("notifications/cancelled"), 4u);
}

TEST_F(RouterTest, who_subscribes_second_waits_for_what_the_first_is_told) {
  const auto first = open(), second = open();
  world_.server->then("resources/subscribe", [this](auto ask) -> awaitable<transport::Outcome> {
    co_await world_.server->released.wait();
    co_return upstream::outcome(protocol::make_error(ask.request.id, -32602, "no such thing"));
  });
  const auto refused = subscribe(first, "x"), accepted = subscribe(second, "x", 1);
  EXPECT_EQ(refused->finished, 0);
  EXPECT_EQ(accepted->finished, 0);
  world_.server->released.set();
  world_.turn();
  EXPECT_EQ(refused->error_code(), "-32602");
  EXPECT_EQ(accepted->finished, 1);
  EXPECT_EQ(accepted->error_code(), "");
  EXPECT_EQ(world_.server->count("resources/subscribe"), 2u);
  EXPECT_EQ(store_.kept, (std::set<std::pair<std::string, std::string>>{{second->key, "x"}}));
  // It stands now: a third is told at once.
  EXPECT_EQ(subscribe(first, "x", 1)->error_code(), "");
  EXPECT_EQ(world_.server->count("resources/subscribe"), 2u);
}

TEST_F(RouterTest, a_subscription_begun_while_the_last_one_is_given_up_is_made_anew) {
  const auto first = open(), second = open();
  subscribe(first, "x");
  world_.server->holds = {"resources/unsubscribe"};
  const auto gone = subscribe(first, "x", 0, "resources/unsubscribe");
  const auto fresh = subscribe(second, "x", 1);
  EXPECT_EQ(gone->finished + fresh->finished, 0);
  world_.server->released.set();
  world_.turn();
  EXPECT_EQ(gone->finished + fresh->finished, 2);
  const auto seen = world_.server->methods();
  EXPECT_EQ(seen.back(), "resources/subscribe");
}

TEST_F(RouterTest, a_session_that_ends_while_it_subscribes_leaves_nothing_behind) {
  const auto session = open();
  world_.server->holds = {"resources/subscribe"};
  const auto answer = subscribe(session, "x");
  routers_[0]->end(session);
  world_.turn();
  world_.run([](Control& control, std::shared_ptr<upstream::Link> link) -> awaitable<void> {
    control.set_link("s", std::move(link));
    co_return;
  }(control_, world_.links[0]));
  world_.server->released.set();
  world_.turn();
  EXPECT_EQ(answer->finished, 1);
  EXPECT_EQ(world_.server->methods().back(), "resources/unsubscribe");
  EXPECT_TRUE(store_.kept.empty());
}

TEST_F(RouterTest, a_session_holds_so_many_subscriptions) {
  const auto session = open();
  for (const auto* uri : {"a", "b", "c"}) EXPECT_EQ(subscribe(session, uri)->error_code(), "");
  EXPECT_EQ(subscribe(session, "d")->error_code(), "-32603");
  EXPECT_EQ(subscribe(session, "a")->error_code(), "") << "it holds this one already";
  EXPECT_EQ(world_.server->count("resources/subscribe"), 3u);
  EXPECT_EQ(subscribe(open(), "d")->error_code(), "");
  EXPECT_EQ(subscribe(session, "a", 1, "resources/unsubscribe")->error_code(), "");
  EXPECT_EQ(subscribe(session, "e", 1)->error_code(), "");
  EXPECT_EQ(subscribe(session, std::string(shared_.uri_bytes + 1, 'x'))->error_code(), "-32602");
}

TEST_F(RouterTest, what_a_session_wanted_is_forgotten_once_it_has_expired) {
  shared_.session_ttl = 1h;
  routers_.clear();
  for (unsigned i = 0; i < 2; ++i) add_router(i);
  for (const auto& router : routers_) router->set_peers({routers_[0].get(), routers_[1].get()});
  const auto session = open();
  world_.server->always["tools/call"] = [](auto ask) -> awaitable<transport::Outcome> {
    auto said = Frame::parse(
        protocol::make_notification("notifications/message", R"({"level":"debug","data":"d"})")
    );
    co_await ask.sink.message(std::move(*said));
    co_return upstream::outcome(protocol::make_result(ask.request.id, "{}"));
  };
  const auto heard = [&](std::size_t worker) {
    return send(session, std::to_string(++last_id_), worker)->sent.size();
  };
  send(session, "1", 0, "logging/setLevel", R"({"level":"error"})");
  const auto purge = [&] {
    for (const auto& router : routers_) router->purge();
  };
  world_.advance(59min);
  purge();
  for (std::size_t worker = 0; worker < 2; ++worker) EXPECT_EQ(heard(worker), 0u);
  world_.advance(1min);
  purge();
  for (std::size_t worker = 0; worker < 2; ++worker) EXPECT_EQ(heard(worker), 1u);
}

TEST_F(RouterTest, a_link_is_drained_when_its_calls_are_answered_or_given_up) {
  world_.server->holds = {"tools/call"};
  const auto session = open();
  int drained = 0;
  const auto drain = [&](core::Duration within) {
    asio::co_spawn(
        world_.home().executor(), routers_[0]->drain(world_.links[0].get(), world_.now() + within),
        [&drained](const std::exception_ptr&) { ++drained; }
    );
    world_.turn();
  };
  drain(10s);
  EXPECT_EQ(drained, 1) << "nothing is on its way";
  const auto one = send(session, "1");
  const auto two = send(session, "2");
  drain(10s);
  world_.advance(9s);
  EXPECT_EQ(drained, 1);
  EXPECT_EQ(one->finished, 0);
  world_.advance(1s);
  EXPECT_EQ(drained, 2);
  EXPECT_EQ(one->error_code(), "-32603") << one->response;
  EXPECT_EQ(two->finished, 1);
  send(session, "1");
  drain(10s);
  world_.server->released.set();
  world_.turn();
  EXPECT_EQ(drained, 3);
  world_.server->released.reset();
  send(session, "3");
  drain(1h);
  EXPECT_EQ(drained, 3);
  routers_[0]->hurry();
  world_.turn();
  EXPECT_EQ(drained, 4);
  world_.server->released.set();
  world_.turn();
}

TEST_F(RouterTest, at_the_end_every_call_is_answered) {
  world_.server->hangs = {"tools/call"};
  const auto session = open();
  const auto one = send(session, "1"), two = send(session, "2");
  routers_[0]->abort_calls();
  world_.turn();
  EXPECT_EQ(one->finished, 1);
  EXPECT_EQ(two->finished, 1);
  EXPECT_NE(
      world_.server->last("notifications/cancelled").params.find("shutting down"), std::string::npos
  );
}

TEST_F(RouterTest, counters_tell_requests_calls_and_errors_of_our_own) {
  const auto session = open();
  send(session, "1", 0, "ping");
  send(session, "2");
  world_.server->then("tools/call", upstream::reset());
  send(session, "3");
  const auto& counters = routers_[0]->counters();
  EXPECT_EQ(counters.requests, 3u);
  EXPECT_EQ(counters.calls, 2u);
  EXPECT_EQ(counters.call_errors, 1u);
}

TEST_F(RouterTest, a_list_is_what_lies_ready_in_the_form_of_the_era_and_errors_are_as_ever) {
  ClientSession client;
  client.key = "k";
  client.capabilities = "{}";
  const std::string legacy_end = "]}}";
  const std::string modern_end = R"(],"ttlMs":0,"cacheScope":"private","resultType":"complete"}})";
  for (const std::string endpoint : {"", "s"}) {
    for (const auto version : {protocol::latest_legacy, protocol::latest_modern}) {
      client.endpoint = endpoint;
      client.version = version;
      const auto session = std::make_shared<const ClientSession>(client);
      const auto list = send(session, R"("i")", 0, "tools/list", "{}");
      EXPECT_EQ(list->finished, 1);
      EXPECT_TRUE(list->response.starts_with(
          R"({"jsonrpc":"2.0","id":"i","result":{"tools":[{"name":")" +
          (endpoint.empty() ? std::string("s__") : std::string())
      )) << list->response;
      EXPECT_TRUE(list->response.ends_with(client.modern() ? modern_end : legacy_end))
          << list->response;
      EXPECT_FALSE(protocol::validate(list->response));
      EXPECT_EQ(send(session, "2", 0, "tools/list", R"({"cursor":"x"})")->error_code(), "-32602");
    }
  }
}

}  // namespace
}  // namespace mooring::gateway
