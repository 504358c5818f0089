#include "support.hpp"

namespace mooring::chaos {
namespace {

using testing::HasSubstr;

class ControlTest : public ChaosTest {
 protected:
  Response inject(const std::string& fault, Headers headers = {}) {
    return client.send("POST", proxy->url("/chaos/" + fault), std::move(headers));
  }
  integration::json::value status() { return client.send("GET", proxy->url("/chaos")).json(); }
};

TEST_F(ControlTest, AFaultByHandHitsTheNextRequestThatFits) {
  begin({}, true);
  initialize();
  const auto armed = inject("429:method=tools%2Fcall");
  EXPECT_EQ(armed.status, 200);
  EXPECT_EQ(
      armed.body,
      "{\"fault\":\"429:method=tools/call\",\"injected\":\"at the next request that fits\"}\n"
  );
  EXPECT_EQ(inject("429:method=tools/call").status, 400) << "it waits already";
  EXPECT_EQ(post(ping_body).status, 200);
  EXPECT_EQ(call().status, 429);
  EXPECT_EQ(call().status, 200);
}

TEST_F(ControlTest, WhatNeedsNoRequestStrikesAtOnce) {
  begin({}, true);
  initialize();
  auto stream = listen();
  EXPECT_EQ(stream.status(), 200);
  EXPECT_THAT(inject("cut").body, HasSubstr("\"injected\":true"));
  EXPECT_TRUE(stream.wait_end());
  EXPECT_THAT(inject("expire:dialect=python-404").body, HasSubstr("\"injected\":true"));
  const auto lost = call();
  EXPECT_EQ(lost.status, 404);
  EXPECT_THAT(lost.body, HasSubstr("server-error"));
  EXPECT_THAT(inject("restart:down=1s").body, HasSubstr("\"injected\":true"));
  ASSERT_TRUE(proxy->wait_told("restart"));
  proxy->advance(std::chrono::seconds(1));
  Response up;
  do up = initialize();
  while (up.status == 0);
  EXPECT_EQ(up.status, 200);
}

TEST_F(ControlTest, ShowsItsAccounts) {
  begin({"html:method=tools/call,every=2"}, true);
  initialize();
  EXPECT_EQ(call().status, 200);
  EXPECT_THAT(call().body, HasSubstr("<html>"));
  inject("expire");
  const auto shown = status();
  EXPECT_EQ(integration::text(shown, "/upstream"), upstream.url());
  EXPECT_EQ(integration::at(shown, "/seed"), 7);
  EXPECT_EQ(integration::at(shown, "/requests"), 3) << "control requests do not count";
  EXPECT_EQ(integration::at(shown, "/sessions/open"), 0);
  EXPECT_EQ(integration::at(shown, "/sessions/begun"), 1);
  EXPECT_EQ(integration::text(shown, "/faults/0/fault"), "html:method=tools/call,every=2");
  EXPECT_EQ(integration::at(shown, "/faults/0/fitting"), 2);
  EXPECT_EQ(integration::at(shown, "/faults/0/injected"), 1);
  EXPECT_EQ(integration::at(shown, "/faults/0/by_hand"), false);
  EXPECT_EQ(integration::text(shown, "/faults/1/fault"), "expire");
  EXPECT_EQ(integration::at(shown, "/faults/1/injected"), 1);
  EXPECT_EQ(integration::at(shown, "/faults/1/by_hand"), true);
}

TEST_F(ControlTest, MistakesAreTold) {
  begin({}, true);
  EXPECT_EQ(inject("expier").status, 400);
  EXPECT_THAT(inject("expier").body, HasSubstr("did you mean expire?"));
  EXPECT_THAT(inject("html:p=0.5").body, HasSubstr("by hand a fault strikes once"));
  EXPECT_EQ(client.send("GET", proxy->url("/chaos/html")).status, 405);
  EXPECT_EQ(client.send("POST", proxy->url("/chaos")).status, 405);
  EXPECT_EQ(upstream.seen().all().size(), 0U);
}

TEST_F(ControlTest, NoWebPageMayUseIt) {
  begin({}, true);
  EXPECT_EQ(inject("html", {{"Origin", "http://127.0.0.1:3000"}}).status, 403);
  EXPECT_EQ(initialize().status, 200);
}

}  // namespace
}  // namespace mooring::chaos
