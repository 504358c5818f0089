#include "server/batch.hpp"

#include "door.hpp"

namespace mooring::server {
namespace {

class Collecting final : public gateway::Responder {
 public:
  awaitable<void> send(std::string message) override {
    sent.push_back(std::move(message));
    co_return;
  }
  awaitable<void> finish(std::string bytes) override {
    EXPECT_EQ(response, "");
    response = std::move(bytes);
    co_return;
  }
  awaitable<bool> finish_part(std::string_view) override { co_return false; }
  awaitable<void> finish_end(bool) override { co_return; }

  std::vector<std::string> sent;
  std::string response;
};

class BatchTest : public DoorTest {
 protected:
  std::shared_ptr<Collecting> serve(const std::string& body) {
    auto messages = read_batch(body, 256);
    EXPECT_TRUE(messages.has_value());
    auto responder = std::make_shared<Collecting>();
    run(serve_batch(
        worker_, service_, service_.add("v", protocol::Version::v2025_03_26), std::move(*messages),
        responder
    ));
    return responder;
  }
};

TEST_F(BatchTest, messages_are_read_in_order) {
  const auto read = read_batch("[" + call("1") + " , " + note("n") + "]", 256);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].id(), "1");
  EXPECT_TRUE((*read)[1].is_notification());
}

TEST_F(BatchTest, it_is_refused_whole) {
  std::string most = call("0"), many = most;
  for (std::size_t i = 1; i < max_batch; ++i) most += "," + call(std::to_string(i));
  many = most + "," + call("\"one more\"");
  EXPECT_TRUE(read_batch("[" + most + "]", 256).has_value());
  const std::vector<std::pair<std::string, int>> table = {
      {"[]", -32600},
      {"[" + call() + "", -32700},
      {"[" + call() + ",]", -32700},
      {"[" + call() + ",1]", -32600},
      {"[[" + call() + "]]", -32600},
      {"[" + protocol::make_request("1", "initialize") + "]", -32600},
      {"[" + many + "]", -32600},
      {"[" + protocol::make_request("1", "m", R"({"a":[[[[[[]]]]]]})") + "]", -32700},
  };
  for (const auto& [body, code] : table) {
    const auto read = read_batch(body, body.find("[[[[") == std::string::npos ? 256 : 5);
    ASSERT_FALSE(read.has_value()) << body.substr(0, 80);
    EXPECT_EQ(read.error().code, code) << body.substr(0, 80);
  }
}

TEST_F(BatchTest, responses_come_in_the_order_in_which_they_ended) {
  io::Event go(worker_.executor(), *timers_);
  service_.handler = [&go](
                         gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                     ) -> awaitable<void> {
    if (request.id() == "1") co_await go.wait();
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
  };
  const auto responder = serve("[" + call("1") + "," + call("2") + "]");
  EXPECT_EQ(responder->response, "");
  go.set();
  turn();
  EXPECT_EQ(
      responder->response,
      "[" + protocol::make_result("2", "{}") + "," + protocol::make_result("1", "{}") + "]"
  );
}

TEST_F(BatchTest, results_in_pieces_are_put_together_and_broken_ones_still_answered) {
  service_.handler = [](gateway::ClientSessionPtr, Frame request,
                        gateway::ResponderPtr responder) -> awaitable<void> {
    co_await responder->send(note("said"));
    co_await responder->finish_part(R"({"jsonrpc":"2.0","id":)" + std::string(request.id()));
    if (request.id() == "1") co_await responder->finish_part(R"(,"result":{}})");
    co_await responder->finish_end(request.id() == "1");
  };
  const auto responder = serve("[" + call("1") + "," + call("2") + "]");
  EXPECT_EQ(responder->sent.size(), 2u);
  const auto answers = protocol::split_batch(responder->response);
  ASSERT_TRUE(answers.has_value()) << responder->response;
  ASSERT_EQ(answers->size(), 2u);
  EXPECT_EQ((*answers)[0], R"({"jsonrpc":"2.0","id":1,"result":{}})");
  const auto broken = Frame::parse((*answers)[1]);
  ASSERT_TRUE(broken.has_value());
  EXPECT_EQ(broken->id(), "2");
  EXPECT_EQ(broken->kind(), Frame::Kind::error);
}

}  // namespace
}  // namespace mooring::server
