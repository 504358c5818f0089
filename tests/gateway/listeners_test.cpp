#include "gateway/listeners.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "gateway/log_level.hpp"

namespace mooring::gateway {
namespace {

using namespace std::chrono_literals;
using Heard = std::vector<std::string>;

/// A client and what it heard.
struct Client {
  explicit Client(std::string key, std::string endpoint = "") {
    ClientSession made;
    made.key = std::move(key);
    made.endpoint = std::move(endpoint);
    session = std::make_shared<const ClientSession>(std::move(made));
  }
  void listen(Listeners& listeners) const {
    listeners.listen(session, [to = heard](std::string message) { to->push_back(message); });
  }
  Heard take() const { return std::exchange(*heard, {}); }

  ClientSessionPtr session;
  std::shared_ptr<Heard> heard = std::make_shared<Heard>();
};

TEST(Listeners, a_server_is_heard_on_its_own_endpoint_and_on_the_aggregate) {
  Listeners listeners;
  const Client all("1"), git("2", "git"), files("3", "files");
  for (const auto* client : {&all, &git, &files}) client->listen(listeners);
  EXPECT_EQ(listeners.listening(), 3u);
  listeners.log("git", 7, "m");
  EXPECT_EQ(all.take(), Heard{"m"});
  EXPECT_EQ(git.take(), Heard{"m"});
  EXPECT_EQ(files.take(), Heard{});
  listeners.to_endpoint("", "a");
  listeners.to_endpoint("files", "f");
  listeners.to_endpoint("nobody", "n");
  EXPECT_EQ(all.take(), Heard{"a"});
  EXPECT_EQ(git.take(), Heard{});
  EXPECT_EQ(files.take(), Heard{"f"});
}

TEST(Listeners, who_stops_listening_hears_nothing_and_may_come_back) {
  Listeners listeners;
  const Client client("1");
  client.listen(listeners);
  listeners.unlisten(*client.session);
  listeners.unlisten(*client.session);
  EXPECT_EQ(listeners.listening(), 0u);
  listeners.log("git", 7, "m");
  listeners.log("git", 7, "m");
  listeners.to_endpoint("", "m");
  EXPECT_EQ(client.take(), Heard{});
  client.listen(listeners);
  listeners.log("git", 7, "again");
  EXPECT_EQ(client.take(), Heard{"again"});
}

TEST(Listeners, the_latest_stream_of_a_session_is_the_only_one) {
  Listeners listeners;
  Client client("1");
  client.listen(listeners);
  const auto former = std::exchange(client.heard, std::make_shared<Heard>());
  client.listen(listeners);
  listeners.log("git", 7, "m");
  EXPECT_EQ(*former, Heard{});
  EXPECT_EQ(client.take(), Heard{"m"});
  EXPECT_EQ(listeners.listening(), 1u);
}

TEST(Listeners, a_log_message_goes_to_those_who_want_its_severity) {
  Listeners listeners;
  const Client verbose("1"), quiet("2"), silent("3"), unset("4");
  for (const auto* client : {&verbose, &quiet, &silent, &unset}) client->listen(listeners);
  listeners.set_level(verbose.session, "git", *log_severity("debug"));
  listeners.set_level(quiet.session, "git", *log_severity("error"));
  listeners.set_level(silent.session, "git", *log_severity("emergency"));
  listeners.log("git", *log_severity("debug"), "d");
  listeners.log("git", *log_severity("error"), "e");
  EXPECT_EQ(verbose.take(), (Heard{"d", "e"}));
  EXPECT_EQ(quiet.take(), Heard{"e"});
  EXPECT_EQ(silent.take(), Heard{});
  EXPECT_EQ(unset.take(), (Heard{"d", "e"}));
  // A level is that of one server.
  listeners.log("files", *log_severity("debug"), "f");
  EXPECT_EQ(quiet.take(), Heard{"f"});
}

TEST(Listeners, the_most_verbose_level_is_what_a_server_is_told) {
  Listeners listeners;
  const Client a("1"), b("2");
  EXPECT_EQ(listeners.wanted_level("git"), std::nullopt);
  listeners.set_level(a.session, "git", 4);
  EXPECT_EQ(listeners.wanted_level("git"), 4);
  listeners.set_level(b.session, "git", 1);
  EXPECT_EQ(listeners.wanted_level("git"), 1);
  EXPECT_EQ(listeners.wanted_level("files"), std::nullopt);
  listeners.forget(*b.session);
  EXPECT_EQ(listeners.wanted_level("git"), 4);
}

TEST(Listeners, the_first_subscribes_and_the_last_unsubscribes_upstream) {
  Listeners listeners;
  const Client a("1"), b("2");
  EXPECT_TRUE(listeners.subscribe(a.session, "git", "file:///x"));
  EXPECT_FALSE(listeners.subscribe(a.session, "git", "file:///x"));
  EXPECT_FALSE(listeners.subscribe(b.session, "git", "file:///x"));
  EXPECT_TRUE(listeners.subscribe(b.session, "files", "file:///x"));
  EXPECT_FALSE(listeners.unsubscribe(*a.session, "git", "file:///x"));
  EXPECT_FALSE(listeners.unsubscribe(*a.session, "git", "file:///x"));
  EXPECT_FALSE(listeners.unsubscribe(*a.session, "git", "file:///unknown"));
  EXPECT_TRUE(listeners.unsubscribe(*b.session, "git", "file:///x"));
  EXPECT_TRUE(listeners.subscribe(b.session, "git", "file:///x"));
}

TEST(Listeners, subscriptions_are_counted_by_session) {
  Listeners listeners;
  const Client a("1"), b("2");
  listeners.subscribe(a.session, "git", "x");
  listeners.subscribe(a.session, "git", "x");
  listeners.subscribe(a.session, "git", "y");
  listeners.subscribe(b.session, "git", "x");
  EXPECT_EQ(listeners.subscription_count(*a.session), 2u);
  EXPECT_TRUE(listeners.subscribed(*a.session, "git", "y"));
  EXPECT_FALSE(listeners.subscribed(*b.session, "git", "y"));
  listeners.unsubscribe(*a.session, "git", "x");
  listeners.unsubscribe(*a.session, "git", "x");
  EXPECT_EQ(listeners.subscription_count(*a.session), 1u);
  EXPECT_EQ(listeners.subscription_count(*b.session), 1u);
  listeners.forget(*a.session);
  EXPECT_EQ(listeners.subscription_count(*a.session), 0u);
}

TEST(Listeners, an_update_goes_to_its_subscribers_alone) {
  Listeners listeners;
  const Client a("1"), b("2"), deaf("3");
  a.listen(listeners);
  b.listen(listeners);
  listeners.subscribe(a.session, "git", "u");
  listeners.subscribe(deaf.session, "git", "u");
  listeners.to_subscribers("git", "u", "m");
  listeners.to_subscribers("git", "v", "other");
  listeners.to_subscribers("files", "u", "other");
  EXPECT_EQ(a.take(), Heard{"m"});
  EXPECT_EQ(b.take(), Heard{});
  EXPECT_EQ(deaf.take(), Heard{});
}

TEST(Listeners, what_a_session_alone_held_is_told_when_it_goes) {
  Listeners listeners;
  const Client a("1"), b("2");
  listeners.subscribe(a.session, "git", "mine");
  listeners.subscribe(a.session, "git", "shared");
  listeners.subscribe(b.session, "git", "shared");
  const std::set<std::pair<std::string, std::string>> alone = {{"git", "mine"}};
  EXPECT_EQ(listeners.subscriptions(*a.session), alone);
  listeners.forget(*a.session);
  EXPECT_TRUE(listeners.subscriptions(*a.session).empty());
  EXPECT_EQ(listeners.subscriptions(*b.session).size(), 1u);
}

TEST(Listeners, subscriptions_and_levels_outlive_the_stream) {
  Listeners listeners;
  const Client a("1");
  a.listen(listeners);
  listeners.subscribe(a.session, "git", "u");
  listeners.set_level(a.session, "git", 3);
  listeners.unlisten(*a.session);
  EXPECT_EQ(listeners.wanted_level("git"), 3);
  a.listen(listeners);
  listeners.to_subscribers("git", "u", "m");
  EXPECT_EQ(a.take(), Heard{"m"});
}

TEST(Listeners, sessions_that_expired_are_forgotten_unless_they_listen) {
  Listeners listeners;
  const Client gone("1"), here("2");
  here.listen(listeners);
  listeners.set_level(gone.session, "git", 0);
  listeners.set_level(here.session, "git", 5);
  listeners.subscribe(gone.session, "git", "u");
  listeners.purge(std::chrono::system_clock::now() - 1h);
  EXPECT_EQ(listeners.wanted_level("git"), 0);
  listeners.purge(std::chrono::system_clock::now() + 1h);
  EXPECT_EQ(listeners.wanted_level("git"), 5);
  EXPECT_TRUE(listeners.subscribe(here.session, "git", "u"));
}

TEST(LogLevel, names_and_severities_are_those_of_rfc_5424) {
  int severity = 0;
  for (const auto* name :
       {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}) {
    EXPECT_EQ(log_severity(name), severity);
    EXPECT_EQ(log_level_name(severity), name);
    ++severity;
  }
  for (const auto* name : {"", "Debug", "warn", "fatal", "7", "info "}) {
    EXPECT_EQ(log_severity(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace mooring::gateway
