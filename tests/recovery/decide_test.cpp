#include "recovery/decide.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace mooring::recovery {
namespace {

using Heal = Plan::Heal;

Conclusion lost(Replay replay = Replay::yes) {
  return {Kind::session_lost, Action::reconnect, replay, "gone"};
}

Conclusion broke() { return {Kind::transient, Action::reconnect, Replay::if_safe, "broke"}; }

Attempted call(Conclusion conclusion, Delivery delivery) {
  Attempted attempted;
  attempted.conclusion = std::move(conclusion);
  attempted.delivery = delivery;
  attempted.method = "tools/call";
  return attempted;
}

TEST(Decide, EXP_01_a_refused_call_is_repeated_on_the_next_generation) {
  const auto plan = decide(call(lost(), Delivery::refused));
  EXPECT_EQ(plan.heal, Heal::rebuild);
  EXPECT_TRUE(plan.repeat);
  EXPECT_FALSE(plan.prove);
  EXPECT_FALSE(plan.because.empty());
}

TEST(Decide, EXP_06_an_answer_is_passed_on) {
  const auto plan =
      decide(call({Kind::tool_error, Action::none, Replay::no, "it failed"}, Delivery::answered));
  EXPECT_EQ(plan.heal, Heal::nothing);
  EXPECT_FALSE(plan.repeat);
}

TEST(Decide, EXP_09_a_second_loss_at_once_has_to_be_proven_wrong_before_a_repeat) {
  auto attempted = call(lost(), Delivery::refused);
  attempted.repeats = 1;
  attempted.generation_served = false;
  EXPECT_TRUE(decide(attempted).repeat);
  EXPECT_TRUE(decide(attempted).prove);
  attempted.generation_served = true;
  EXPECT_TRUE(decide(attempted).repeat);
  EXPECT_FALSE(decide(attempted).prove);
}

TEST(Decide, EXP_19_what_may_have_run_is_repeated_only_where_that_does_no_harm) {
  auto attempted = call(broke(), Delivery::unknown);
  EXPECT_EQ(decide(attempted).heal, Heal::check);
  EXPECT_FALSE(decide(attempted).repeat) << "(a) no hints";
  attempted.harmless = true;
  EXPECT_TRUE(decide(attempted).repeat) << "(b) hints";
}

TEST(Decide, EXP_24_an_ambiguous_failure_is_looked_into) {
  const Conclusion odd{Kind::other, Action::verify, Replay::if_safe, "odd"};
  auto attempted = call(odd, Delivery::unknown);
  EXPECT_EQ(decide(attempted).heal, Heal::verify);
  EXPECT_FALSE(decide(attempted).repeat);
  attempted.method = "resources/read";
  EXPECT_TRUE(decide(attempted).repeat);
}

TEST(Decide, EXP_24_the_same_fault_twice_is_the_session) {
  Failure failure;
  failure.http_status = 400;
  failure.body = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"odd"}})";
  Failure probe = failure;
  probe.body = R"({"jsonrpc":"2.0","id":"p","error":{"code":-32000,"message":"odd, too"}})";
  EXPECT_TRUE(same_fault(failure, probe));
  EXPECT_EQ(proven_lost(failure).action, Action::reconnect);
  EXPECT_EQ(delivery_of(failure, proven_lost(failure)), Delivery::refused);
  probe.http_status = 404;
  EXPECT_FALSE(same_fault(failure, probe)) << "another status";
  probe = failure;
  probe.body = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"odd"}})";
  EXPECT_FALSE(same_fault(failure, probe)) << "another code";
  probe = {};
  probe.stage = Stage::headers;
  EXPECT_FALSE(same_fault(failure, probe)) << "no answer at all";
  EXPECT_FALSE(same_fault(probe, probe));
  failure.http_status = 500;
  EXPECT_EQ(delivery_of(failure, proven_lost(failure)), Delivery::unknown);
}

TEST(Decide, EXP_25_a_call_that_was_running_stays_ended) {
  EXPECT_EQ(decide(call(lost(Replay::if_safe), Delivery::unknown)).heal, Heal::rebuild);
  EXPECT_FALSE(decide(call(lost(Replay::if_safe), Delivery::unknown)).repeat);
}

TEST(Decide, EXP_11_a_lost_session_never_asks_for_credentials) {
  EXPECT_NE(decide(call(lost(), Delivery::refused)).heal, Heal::reauthorize);
}

TEST(Decide, AUTH_04_new_credentials_are_tried_once) {
  const Conclusion denied{Kind::auth, Action::reauthorize, Replay::yes, "401"};
  auto attempted = call(denied, Delivery::refused);
  EXPECT_EQ(decide(attempted).heal, Heal::reauthorize);
  EXPECT_TRUE(decide(attempted).repeat);
  attempted.repeats = 1;
  EXPECT_FALSE(decide(attempted).repeat);
}

TEST(Decide, REC_04_what_the_caller_gave_up_is_neither_healed_nor_repeated) {
  auto attempted = call({Kind::cancelled, Action::none, Replay::no, "gave up"}, Delivery::not_sent);
  attempted.harmless = true;
  EXPECT_EQ(decide(attempted).heal, Heal::nothing);
  EXPECT_FALSE(decide(attempted).repeat);
}

TEST(Decide, actions_lead_to_healings) {
  const std::vector<std::pair<Conclusion, Heal>> table = {
      {lost(), Heal::rebuild},
      {{Kind::not_initialized, Action::reconnect, Replay::yes, ""}, Heal::rebuild},
      {{Kind::session_lost, Action::none, std::nullopt, ""}, Heal::nothing},
      {{Kind::session_lost, Action::resume, Replay::if_safe, ""}, Heal::check},
      {{Kind::transient, Action::retry, Replay::yes, ""}, Heal::check},
      {{Kind::transient, Action::backoff, std::nullopt, ""}, Heal::nothing},
      {{Kind::rate_limited, Action::backoff, std::nullopt, ""}, Heal::nothing},
      {{Kind::auth, Action::verify, Replay::if_safe, ""}, Heal::verify},
      {{Kind::auth, Action::none, Replay::no, ""}, Heal::nothing},
  };
  for (const auto& [conclusion, heal] : table) {
    EXPECT_EQ(decide(call(conclusion, Delivery::unknown)).heal, heal)
        << to_string(conclusion.kind) << '/' << to_string(conclusion.action);
  }
}

TEST(Decide, policies_widen_and_narrow) {
  auto attempted = call(lost(Replay::if_safe), Delivery::unknown);
  attempted.policy = ReplayPolicy::spec;
  EXPECT_TRUE(decide(attempted).repeat) << "lost together with its session";
  attempted.conclusion = broke();
  EXPECT_FALSE(decide(attempted).repeat) << "spec is about sessions";
  attempted = call(lost(), Delivery::refused);
  attempted.policy = ReplayPolicy::never;
  EXPECT_FALSE(decide(attempted).repeat) << "it left us";
  attempted.delivery = Delivery::not_sent;
  EXPECT_TRUE(decide(attempted).repeat) << "it did not leave us";
  attempted.delivery = Delivery::unknown;
  attempted.harmless = true;
  EXPECT_FALSE(decide(attempted).repeat);
}

TEST(Decide, methods_that_change_nothing) {
  for (const auto* method :
       {"tools/list", "resources/list", "resources/templates/list", "resources/read",
        "prompts/list", "prompts/get", "completion/complete", "ping", "logging/setLevel",
        "resources/subscribe", "resources/unsubscribe"}) {
    EXPECT_TRUE(changes_nothing(method)) << method;
  }
  for (const auto* method : {"tools/call", "initialize", "", "sampling/createMessage", "tasks/x"}) {
    EXPECT_FALSE(changes_nothing(method)) << method;
  }
}

TEST(Decide, how_far_it_got_in_the_light_of_the_conclusion) {
  const auto delivery = [](const Failure& failure) {
    return delivery_of(failure, classify(failure));
  };
  Failure failure;
  failure.method = "tools/call";
  failure.sent_session_id = true;
  failure.http_status = 404;
  failure.body = "Session not found";
  EXPECT_EQ(delivery(failure), Delivery::refused);
  failure.stage = Stage::body;
  EXPECT_EQ(delivery(failure), Delivery::unknown) << "not the complete answer";
  failure.stage.reset();
  failure.body = "<html>";
  EXPECT_EQ(delivery(failure), Delivery::unknown) << "anybody may have said it";
  failure.body = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}})";
  EXPECT_EQ(delivery(failure), Delivery::answered);
  failure.http_status = 200;
  failure.in_band = true;
  failure.body = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"session expired"}})";
  EXPECT_EQ(delivery(failure), Delivery::refused);
  failure.body = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}})";
  EXPECT_EQ(delivery(failure), Delivery::answered);
  failure.in_band = false;
  failure.body = "";
  failure.http_status = 401;
  EXPECT_EQ(delivery(failure), Delivery::refused);
  failure.http_status = 429;
  EXPECT_EQ(delivery(failure), Delivery::refused);
  failure.http_status = 504;
  EXPECT_EQ(delivery(failure), Delivery::unknown);
  failure.http_status = 500;
  EXPECT_EQ(delivery(failure), Delivery::unknown);
  failure.http_status.reset();
  failure.stage = Stage::headers;
  failure.bytes_sent = 10;
  EXPECT_EQ(delivery(failure), Delivery::unknown);
  failure.unprocessed = true;
  EXPECT_EQ(delivery(failure), Delivery::refused);
  failure.delivery = Delivery::not_sent;
  EXPECT_EQ(delivery(failure), Delivery::not_sent);
}

/// Every combination there is.
template <class Visit>
void for_each_attempt(const Visit& visit) {
  for (int kind = 0; kind <= static_cast<int>(Kind::other); ++kind)
    for (int action = 0; action <= static_cast<int>(Action::none); ++action)
      for (int replay = 0; replay < 4; ++replay)
        for (int delivery = 0; delivery < 4; ++delivery)
          for (const auto policy : {ReplayPolicy::safe, ReplayPolicy::spec, ReplayPolicy::never})
            for (const bool harmless : {false, true})
              for (const auto* method : {"tools/call", "tools/list"})
                for (int repeats = 0; repeats <= max_repeats + 1; ++repeats)
                  for (const bool served : {false, true}) {
                    Attempted attempted;
                    attempted.conclusion.kind = static_cast<Kind>(kind);
                    attempted.conclusion.action = static_cast<Action>(action);
                    if (replay < 3) attempted.conclusion.replay = static_cast<Replay>(replay);
                    attempted.delivery = static_cast<Delivery>(delivery);
                    attempted.policy = policy;
                    attempted.harmless = harmless;
                    attempted.method = method;
                    attempted.repeats = repeats;
                    attempted.generation_served = served;
                    visit(attempted, decide(attempted));
                  }
}

TEST(DecideProperty, no_plan_executes_twice_what_must_not_be) {
  int repeats = 0;
  for_each_attempt([&](const Attempted& attempted, const Plan& plan) {
    if (!plan.repeat) return;
    ++repeats;
    const bool safe = attempted.harmless || changes_nothing(attempted.method);
    const bool sure =
        attempted.delivery == Delivery::not_sent || attempted.delivery == Delivery::refused;
    EXPECT_NE(attempted.delivery, Delivery::answered);
    EXPECT_LT(attempted.repeats, max_repeats);
    EXPECT_NE(attempted.conclusion.kind, Kind::cancelled);
    EXPECT_NE(plan.heal, Heal::nothing);
    ASSERT_TRUE(attempted.conclusion.replay);
    EXPECT_NE(*attempted.conclusion.replay, Replay::no);
    if (attempted.policy != ReplayPolicy::spec) EXPECT_TRUE(sure || safe);
    if (attempted.policy == ReplayPolicy::never) EXPECT_EQ(attempted.delivery, Delivery::not_sent);
    if (!sure && !safe) EXPECT_TRUE(attempted.conclusion.about_session());
  });
  EXPECT_GT(repeats, 0);
}

TEST(DecideProperty, a_second_repeat_needs_a_generation_that_lived_or_a_proof) {
  for_each_attempt([](const Attempted& attempted, const Plan& plan) {
    EXPECT_FALSE(plan.because.empty());
    if (plan.prove) EXPECT_TRUE(plan.repeat);
    if (plan.repeat && attempted.repeats > 0 && !attempted.generation_served) {
      EXPECT_TRUE(plan.prove);
    }
    if (attempted.generation_served || attempted.repeats == 0) EXPECT_FALSE(plan.prove);
  });
}

}  // namespace
}  // namespace mooring::recovery
