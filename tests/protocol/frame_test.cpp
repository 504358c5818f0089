#include "protocol/frame.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mooring::protocol {
namespace {

Frame parsed(std::string bytes) {
  auto frame = Frame::parse(std::move(bytes));
  EXPECT_TRUE(frame) << frame.error().message;
  return frame ? std::move(*frame) : *Frame::parse(R"({"jsonrpc":"2.0","method":"broken"})");
}

TEST(Frame, finds_the_parts_of_a_request) {
  const std::string bytes =
      R"( {"jsonrpc" : "2.0", "id":"a\"1", "x-new":[{"id":9}], "method":"tools\/call", "params": {"name":"\u0065cho", )"
      R"("arguments":{"name":"inner","_meta":{}},"_meta":{"progressToken":12,"id":1},"cursor":"c"}} )";
  const Frame frame = parsed(bytes);
  EXPECT_TRUE(frame.is_request());
  EXPECT_FALSE(frame.is_response());
  EXPECT_EQ(frame.bytes(), bytes);
  EXPECT_EQ(frame.id(), R"("a\"1")");
  EXPECT_EQ(frame.method(), "tools/call");
  EXPECT_EQ(frame.name(), "echo");
  EXPECT_EQ(frame.view(frame.name_span()), R"("\u0065cho")");
  EXPECT_EQ(frame.meta(), R"({"progressToken":12,"id":1})");
  EXPECT_EQ(frame.progress_token(), "12");
  EXPECT_EQ(frame.uri(), "");
  EXPECT_FALSE(frame.uri_span());
  EXPECT_EQ(frame.result(), "");
  EXPECT_EQ(parsed(bytes).release(), bytes);
}

TEST(Frame, finds_the_parts_of_notifications) {
  const Frame progress = parsed(
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1,"_meta":{"progressToken":2}}})"
  );
  EXPECT_TRUE(progress.is_notification());
  EXPECT_EQ(progress.progress_token(), R"("p")");
  EXPECT_EQ(progress.id(), "");

  const Frame cancelled = parsed(
      R"({"method":"notifications/cancelled","params":{"requestId":7,"reason":"x"},"jsonrpc":"2.0"})"
  );
  EXPECT_EQ(cancelled.request_id(), "7");
  EXPECT_EQ(cancelled.progress_token(), "");

  const Frame updated = parsed(
      R"({"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:\/\/\/a"}})"
  );
  EXPECT_EQ(updated.uri(), "file:///a");
  EXPECT_EQ(updated.view(updated.uri_span()), R"("file:\/\/\/a")");
}

TEST(Frame, finds_the_parts_of_responses) {
  const Frame result = parsed(R"({"result":{"id":1,"method":"x"},"id":-3,"jsonrpc":"2.0"})");
  EXPECT_EQ(result.kind(), Frame::Kind::result);
  EXPECT_TRUE(result.is_response());
  EXPECT_EQ(result.id(), "-3");
  EXPECT_EQ(result.result(), R"({"id":1,"method":"x"})");
  const Frame error =
      parsed(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}})");
  EXPECT_EQ(error.kind(), Frame::Kind::error);
  EXPECT_EQ(error.id(), "null");
  EXPECT_EQ(error.error(), R"({"code":-32700,"message":"m"})");
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","error":{}})").id(), "");
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","id":1,"result":null})").result(), "null");
}

TEST(Frame, ids) {
  const std::vector<std::string> good = {
      "1",
      "0",
      "-1",
      "\"\"",
      "\"x\"",
      R"("\ud83d\udea2")",
      "9007199254740993",
      "123456789012345678901234567890",
  };
  for (const std::string& id : good) {
    EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","method":"ping","id":)" + id + "}").id(), id);
    EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","result":{},"id":)" + id + "}").id(), id);
  }
  for (const std::string id :
       {"null", "1.5", "1.0", "1e3", "-2E0", "true", "false", "[]", "{}", "[1]"}) {
    const auto request = Frame::parse(R"({"jsonrpc":"2.0","method":"ping","id":)" + id + "}");
    ASSERT_FALSE(request) << id;
    EXPECT_EQ(request.error().code, -32600) << id;
    EXPECT_EQ(request.error().id, "") << id;
    EXPECT_FALSE(Frame::parse(R"({"jsonrpc":"2.0","result":{},"id":)" + id + "}")) << id;
    EXPECT_EQ(
        Frame::parse(R"({"jsonrpc":"2.0","error":{},"id":)" + id + "}").has_value(), id == "null"
    ) << id;
  }
}

struct Refused {
  std::string bytes;
  int code;
  std::string id;
};

TEST(Frame, refuses_what_is_no_message_and_says_why) {
  const std::vector<Refused> table = {
      {"", -32700, ""},
      {"{", -32700, ""},
      {R"({"jsonrpc":"2.0","id":1,"method":"a"} x)", -32700, ""},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xFF\"}", -32700, ""},
      {"[]", -32600, ""},
      {R"([{"jsonrpc":"2.0","id":1,"method":"a"}])", -32600, ""},
      {"\"x\"", -32600, ""},
      {"1", -32600, ""},
      {"null", -32600, ""},
      {"{}", -32600, ""},
      {R"({"id":1,"method":"a"})", -32600, "1"},
      {R"({"jsonrpc":"1.0","id":1,"method":"a"})", -32600, "1"},
      {R"({"jsonrpc":2.0,"id":1,"method":"a"})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":"q"})", -32600, R"("q")"},
      {R"({"jsonrpc":"2.0","id":1,"method":""})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":null})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"a","params":null})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"a","params":"x"})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"a","result":{}})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"a","error":{}})", -32600, "1"},
      {R"({"jsonrpc":"2.0","result":{}})", -32600, ""},
  };
  for (const Refused& row : table) {
    const auto frame = Frame::parse(row.bytes);
    ASSERT_FALSE(frame) << row.bytes;
    EXPECT_EQ(frame.error().code, row.code) << row.bytes;
    EXPECT_EQ(frame.error().id, row.id) << row.bytes;
    EXPECT_FALSE(frame.error().message.empty()) << row.bytes;
  }
}

TEST(Frame, refuses_repeated_keys_however_they_are_spelled) {
  const std::string head = R"({"jsonrpc":"2.0","id":1,"method":"tools/call")";
  const std::vector<std::pair<std::string, std::string>> table = {
      {head + R"(,"jsonrpc":"2.0"})", "1"},
      {head + R"(,"id":1})", ""},
      {head + R"(,"\u0069d":2})", ""},
      {head + R"(,"i\u0064":2})", ""},
      {head + R"(,"method":"x"})", "1"},
      {head + R"(,"m\u0065thod":"x"})", "1"},
      {head + R"(,"params":{},"params":[]})", "1"},
      {head + R"(,"params":{},"p\u0061rams":{}})", "1"},
      {head + R"(,"params":{"name":"a","name":"b"}})", "1"},
      {head + R"(,"params":{"name":"a","\u006e\u0061\u006d\u0065":"b"}})", "1"},
      {head + R"(,"params":{"uri":"a","x":1,"uri":"a"}})", "1"},
      {head + R"(,"params":{"_meta":{},"_meta":{}}})", "1"},
      {head + R"(,"params":{"requestId":1,"requestId":1}})", "1"},
      {head + R"(,"params":{"cursor":"","cursor":""}})", "1"},
      {head + R"(,"params":{"arguments":{},"arguments":{}}})", "1"},
      {head + R"(,"params":{"progressToken":1,"progressToken":1}})", "1"},
      {head + R"(,"params":{"_meta":{"progressToken":1,"progress\u0054oken":2}}})", "1"},
      {R"({"params":{"name":"a","name":"b"},"jsonrpc":"2.0","method":"m","id":"late"})", R"("late")"
      },
      {R"({"jsonrpc":"2.0","id":1,"result":{},"result":{}})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"error":{},"\u0065rror":{}})", "1"},
  };
  for (const auto& [bytes, id] : table) {
    const auto frame = Frame::parse(bytes);
    ASSERT_FALSE(frame) << bytes;
    EXPECT_EQ(frame.error().code, -32600) << bytes;
    EXPECT_EQ(frame.error().id, id) << bytes;
    EXPECT_NE(frame.error().message.find("twice"), std::string::npos) << bytes;
  }
}

TEST(Frame, repeated_keys_elsewhere_and_escaped_single_keys_pass) {
  const Frame frame = parsed(
      R"({"jsonrpc":"2.0","\u0069d":5,"m\u0065thod":"a","x":1,"x":2,"params":{"arguments":{"name":1,"name":2},"y":1,"y":2}})"
  );
  EXPECT_EQ(frame.id(), "5");
  EXPECT_EQ(frame.method(), "a");
}

TEST(Frame, depth_is_limited) {
  const auto request = [](std::size_t depth) {
    return R"({"jsonrpc":"2.0","id":1,"method":"a","params":)" + std::string(depth, '[') +
           std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(Frame::parse(request(255)));
  EXPECT_FALSE(Frame::parse(request(256)));
  EXPECT_FALSE(Frame::parse(request(1'000'000)));
  EXPECT_FALSE(Frame::parse(request(4), {.max_depth = 4}));
}

TEST(Frame, depth_counts_what_is_read_on_the_way) {
  const std::string request =
      R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"a":[{}]}}})";
  EXPECT_TRUE(Frame::parse(request, {.max_depth = 5}));
  for (std::size_t depth = 0; depth < 5; ++depth) {
    const auto frame = Frame::parse(request, {.max_depth = depth});
    ASSERT_FALSE(frame) << depth;
    EXPECT_EQ(frame.error().code, -32700) << depth;
    EXPECT_NE(frame.error().message.find("nested too deeply"), std::string::npos) << depth;
  }
}

TEST(Frame, what_is_no_JSON_is_said_before_what_is_no_message) {
  EXPECT_EQ(Frame::parse(R"({"id":1,"id":1,"x":tru})").error().code, -32700);
  EXPECT_EQ(Frame::parse(R"([1,2)").error().code, -32700);
  EXPECT_EQ(
      Frame::parse(R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"name" "b"}})")
          .error()
          .message,
      "Parse error: a colon is expected at byte 54"
  );
}

TEST(Frame, a_copy_is_as_good_as_the_frame_and_outlives_it) {
  auto first = parsed(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"n","uri":"u:"}})");
  const Frame copy = first;
  const Frame moved = std::move(first);
  for (const Frame* frame : {&copy, &moved}) {
    EXPECT_EQ(frame->id(), "1");
    EXPECT_EQ(frame->method() + frame->name() + frame->uri(), "mnu:");
    EXPECT_EQ(frame->params(), R"({"name":"n","uri":"u:"})");
  }
  EXPECT_LE(sizeof(Frame), 128U) << "frames are moved many times on the way of a call";
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<Frame>);
}

TEST(Frame, every_cut_is_refused) {
  const std::string bytes =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"é","_meta":{"progressToken":1}}})";
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(Frame::parse(bytes.substr(0, n))) << n;
}

TEST(Frame, large_messages_mean_the_same) {
  const std::string text(200'000, 'x');
  const Frame frame = parsed(R"({"jsonrpc":"2.0","result":{"text":")" + text + R"("},"id":77})");
  EXPECT_EQ(frame.id(), "77");
  EXPECT_EQ(frame.result().size(), text.size() + 11);
}

TEST(Frame, splices_at_all_places) {
  const Frame frame = parsed(
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"srv__echo","arguments":{},"_meta":{"progressToken":"t"}}})"
  );
  EXPECT_EQ(
      frame.spliced({{frame.id_span(), "\"new-id\""}}),
      R"({"jsonrpc":"2.0","id":"new-id","method":"tools/call","params":{"name":"srv__echo","arguments":{},"_meta":{"progressToken":"t"}}})"
  );
  EXPECT_EQ(
      frame.spliced(
          {{frame.progress_token_span(), "9"},
           {frame.id_span(), "2"},
           {frame.name_span(), "\"echo\""}}
      ),
      R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"progressToken":9}}})"
  );
  EXPECT_EQ(
      frame.spliced({{frame.meta_span(), "{}"}}),
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"srv__echo","arguments":{},"_meta":{}}})"
  );
  EXPECT_EQ(
      frame.spliced({{frame.params_span(), "[]"}}),
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]})"
  );
  EXPECT_EQ(frame.spliced(std::vector<Frame::Edit>{}), frame.bytes());
  EXPECT_EQ(frame.spliced({{frame.uri_span(), "x"}}), frame.bytes())
      << "an absent place stays absent";
  EXPECT_EQ(
      frame.spliced(
          {{Span{0, 1}, "<"}, {Span{static_cast<std::uint32_t>(frame.bytes().size() - 1), 1}, ">"}}
      ),
      "<" + frame.bytes().substr(1, frame.bytes().size() - 2) + ">"
  );
}

TEST(Frame, batches) {
  EXPECT_TRUE(is_batch(" \n[1]"));
  EXPECT_FALSE(is_batch("{}"));
  EXPECT_FALSE(is_batch(""));
  const auto parts = split_batch(R"( [ {"a":[1,2]} , 3,"]" ] )");
  ASSERT_TRUE(parts);
  EXPECT_EQ(*parts, (std::vector<std::string>{R"({"a":[1,2]})", "3", R"("]")"}));
  EXPECT_EQ(split_batch("[]").error().code, -32600);
  EXPECT_EQ(split_batch("{}").error().code, -32600);
  EXPECT_EQ(split_batch("[1").error().code, -32700);
}

}  // namespace
}  // namespace mooring::protocol
