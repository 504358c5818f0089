#include "auth/device_code.hpp"

#include <gtest/gtest.h>

namespace mooring::auth {
namespace {

using namespace std::chrono_literals;

Reply answer(int status, std::string body) { return {status, {}, std::move(body), {}}; }

class Device : public ::testing::Test {
 protected:
  core::SeededRandom random{1};
  SystemTime now{1000s};
  DeviceCode machine{
      *core::Url::parse("https://as.example.com/device"),
      *core::Url::parse("https://as.example.com/token"),
      "https://as.example.com",
      TokenClient{},
      "https://mcp.example.com",
      {"a"},
      random
  };
  void begin(const std::string& more = {}) {
    ASSERT_TRUE(machine.next(now));
    machine.take(
        answer(
            200,
            R"({"device_code":"d-123456","user_code":"AB-CD","verification_uri":"https://x","expires_in":600)" +
                more + "}"
        ),
        now
    );
  }
  core::Duration poll(const char* body, int status = 400) {
    const auto request = machine.next(now);
    if (!request) return core::Duration{-1};
    now += request->after;
    machine.take(answer(status, body), now);
    return request->after;
  }
};

TEST_F(Device, AUTH_13_SlowDownMakesThePollSlower) {
  begin();
  ASSERT_TRUE(machine.prompt());
  EXPECT_EQ(machine.prompt()->user_code, "AB-CD");
  EXPECT_EQ(poll(R"({"error":"slow_down"})"), 5s);
  EXPECT_EQ(poll(R"({"error":"slow_down"})"), 10s);
  EXPECT_EQ(poll(R"({"error":"authorization_pending"})"), 15s);
  EXPECT_EQ(poll(R"({"access_token":"t-123456","token_type":"Bearer"})", 200), 15s);
  EXPECT_FALSE(machine.next(now));
  ASSERT_TRUE(machine.result());
  EXPECT_EQ(machine.result()->access_token, "t-123456");
}

TEST_F(Device, ADenialEndsIt) {
  begin(R"(,"interval":2)");
  EXPECT_EQ(poll(R"({"error":"access_denied"})"), 2s);
  EXPECT_FALSE(machine.next(now));
  EXPECT_EQ(machine.result().error().code, "access_denied");
}

TEST_F(Device, NobodyCame) {
  begin();
  now += 601s;
  EXPECT_FALSE(machine.next(now));
  EXPECT_EQ(machine.result().error().code, "expired_token");
}

TEST_F(Device, TroubleIsWaitedFor) {
  begin();
  EXPECT_EQ(poll("", 503), 5s);
  EXPECT_EQ(poll("", 503), 10s);
  EXPECT_EQ(poll(R"({"error":"authorization_pending"})"), 20s);
}

TEST_F(Device, NonsenseInsteadOfACode) {
  ASSERT_TRUE(machine.next(now));
  machine.take(answer(200, "<html>"), now);
  EXPECT_FALSE(machine.next(now));
  EXPECT_FALSE(machine.result());
}

}  // namespace
}  // namespace mooring::auth
