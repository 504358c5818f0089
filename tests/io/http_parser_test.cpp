#include "io/allocations.hpp"
#include "io/http_head.hpp"
#include "io/http_request_parser.hpp"
#include "io/http_response_parser.hpp"
#include "io/support.hpp"

namespace mooring::io {
namespace {

using State = HttpRequestParser::State;

struct Parsed {
  State state;
  int status;
  std::string error;
  std::string body;
  std::size_t left;
};

/// Feeds `text` in steps of `step` bytes, the way a connection does: what is not taken is offered
/// again.
Parsed parse(std::string_view text, std::size_t step, HttpRequestParser::Limits limits = {}) {
  HttpRequestParser parser(limits);
  std::size_t begin = 0;
  for (std::size_t end = std::min(step, text.size());; end = std::min(end + step, text.size())) {
    for (;;) {
      if (parser.state() == State::done || parser.state() == State::failed) break;
      const auto taken = parser.feed(text.substr(begin, end - begin));
      begin += taken;
      if (taken == 0) break;
    }
    if (end == text.size()) break;
  }
  return {
      parser.state(), parser.error_status(), parser.error(), parser.body(), text.size() - begin
  };
}

TEST(HttpRequestParser, reads_a_sized_request_in_any_pieces) {
  const std::string text =
      "\r\nPOST /mcp?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const auto parsed = parse(text, step);
    EXPECT_EQ(parsed.state, State::done) << step << parsed.error;
    EXPECT_EQ(parsed.body, "hello");
    EXPECT_EQ(parsed.left, 3U);
  }
}

TEST(HttpRequestParser, reads_chunks_in_any_pieces_and_drops_trailers) {
  for (const std::string_view chunks :
       {"1\r\na\r\n5;x=\"y\"\r\nhello\r\n00\r\nAuthorization: evil\r\n\r\n",
        "6\r\nahello\r\n0\r\n\r\n"}) {
    const std::string text =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
    for (std::size_t step = 1; step <= text.size(); ++step) {
      const auto parsed = parse(text, step);
      EXPECT_EQ(parsed.state, State::done) << step << parsed.error;
      EXPECT_EQ(parsed.body, "ahello");
    }
  }
  const std::string empty =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t step = 1; step <= empty.size(); ++step)
    EXPECT_EQ(parse(empty, step).state, State::done);
}

TEST(HttpRequestParser, knows_its_fields_and_keeps_nothing_between_messages) {
  HttpRequestParser parser({});
  parser.feed("GET /a HTTP/1.1\r\nHost: h\r\nX-One:  v \r\nx-one: w\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(parser.state(), State::done);
  EXPECT_EQ(parser.method(), "GET");
  EXPECT_EQ(parser.target(), "/a");
  EXPECT_EQ(parser.fields().find("x-ONE"), "v");
  EXPECT_FALSE(parser.keep_alive());
  parser.reset();
  parser.feed("DELETE /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(parser.method(), "DELETE");
  EXPECT_FALSE(parser.fields().has("X-One"));
  EXPECT_TRUE(parser.keep_alive());
}

TEST(HttpRequestParser, refuses_what_could_be_read_in_two_ways) {
  for (const std::string_view text : {
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
           "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
           "GET /\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.1\nHost: a\n\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: "
           "5\r\n\r\nhello",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n",
           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
       }) {
    const auto parsed = parse(text, text.size());
    EXPECT_EQ(parsed.state, State::failed) << text;
    EXPECT_EQ(parsed.status, 400) << text;
  }
}

TEST(HttpRequestParser, bounds_the_header_however_it_comes) {
  const std::string small_fields = [] {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    while (text.size() < 2000) text += "X: y\r\n";
    return text + "\r\n";
  }();
  const std::string one_field =
      "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'y') + "\r\n\r\n";
  const std::string target = "GET /" + std::string(2000, 'y') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const auto& text : {small_fields, one_field, target}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{500}, text.size()}) {
      const auto parsed = parse(text, step, {.header_bytes = 1000});
      EXPECT_EQ(parsed.state, State::failed) << step;
      EXPECT_EQ(parsed.status, 431) << step << parsed.error;
    }
    EXPECT_EQ(parse(text, 7, {.header_bytes = 4000}).state, State::done);
  }
}

TEST(HttpRequestParser, drops_a_body_over_the_limit_and_goes_on) {
  HttpRequestParser parser({.body_bytes = 4, .drain_bytes = 10});
  std::string text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 14\r\n\r\n";
  parser.feed(text);
  EXPECT_TRUE(parser.too_large());
  EXPECT_TRUE(parser.drainable());
  EXPECT_EQ(parser.feed(std::string(20, 'x')), 14U);
  EXPECT_EQ(parser.state(), State::done);
  EXPECT_TRUE(parser.body().empty());
  parser.reset();
  parser.feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 15\r\n\r\n");
  EXPECT_TRUE(parser.too_large());
  EXPECT_FALSE(parser.drainable());
  parser.reset();
  parser.feed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  parser.feed("5\r\nhello\r\n");
  EXPECT_TRUE(parser.too_large());
  EXPECT_TRUE(parser.drainable());
  parser.feed("a\r\n0123456789");
  EXPECT_FALSE(parser.drainable());
}

TEST(HttpRequestParser, bounds_chunk_framing) {
  const auto text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                    std::string(20000, 'x');
  EXPECT_EQ(parse(text, 1000).state, State::failed);
  const auto trailers = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " +
                        std::string(20000, 'x');
  EXPECT_EQ(parse(trailers, 1000).state, State::failed);
}

TEST(HttpRequestParser, bounds_a_whole_chunk_line_as_one_in_pieces_other_than_beast) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto line = head + "1;" + std::string(9000, 'x') + "\r\na\r\n0\r\n\r\n";
  const auto trailers = head + "0\r\nA: " + std::string(9000, 'x') + "\r\n\r\n";
  for (const std::size_t step : {std::size_t{1000}, line.size()}) {
    EXPECT_EQ(parse(line, step).error, "malformed request: chunk framing too long");
    EXPECT_EQ(parse(trailers, step).error, "malformed request: chunk framing too long");
  }
}

TEST(HttpRequestParser, refuses_control_characters_in_quoted_chunk_extensions_other_than_beast) {
  const auto parsed = parse(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1;a=\"\n\"\r\na\r\n0\r\n\r\n",
      1000
  );
  EXPECT_EQ(parsed.error, "malformed request: bad chunk extension");
}

TEST(HttpRequestParser, refuses_trailers_about_the_connection_other_than_beast) {
  for (const std::string name : {"Connection", "proxy-connection"}) {
    const auto parsed = parse(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + name +
            ": close\r\n\r\n",
        1000
    );
    EXPECT_EQ(parsed.error, "malformed request: bad trailer");
  }
}

TEST(HttpRequestParser, reads_a_folded_value_of_any_length_other_than_beast) {
  HttpRequestParser parser({});
  const std::string line(3000, 'x');
  const auto text = "GET / HTTP/1.1\r\nHost: h\r\nX: " + line + "\r\n \t\r\n " + line + " \r\n\r\n";
  EXPECT_EQ(parser.feed(text), text.size());
  ASSERT_EQ(parser.state(), State::done);
  EXPECT_EQ(parser.fields().find("x"), line + " " + line);
  EXPECT_EQ(parser.fields().find("host"), "h");
}

TEST(HttpRequestParser, refuses_what_is_no_http_before_its_line_ends) {
  const std::string_view tls_hello = "\x16\x03\x01\x02";
  HttpRequestParser parser({});
  parser.feed(tls_hello);
  EXPECT_EQ(parser.error(), "malformed request: bad method");
  parser.reset();
  parser.feed("GET /a HTTQ");
  EXPECT_EQ(parser.error(), "malformed request: bad version");
}

TEST(HttpRequestParser, can_be_asked_about_a_message_that_is_not_there_yet_or_failed) {
  HttpRequestParser parser({.header_bytes = 100});
  EXPECT_EQ(parser.feed("HEAD /a HTTP/1."), 0U);
  EXPECT_EQ(parser.method(), "");
  EXPECT_EQ(parser.target(), "");
  parser.feed("HEAD /a HTTP/1.1\r\nX: y\r\nZ :");
  ASSERT_EQ(parser.state(), State::failed);
  EXPECT_EQ(parser.method(), "HEAD");
  EXPECT_EQ(parser.fields().find("x"), "y");
  parser.reset();
  parser.feed("GET /b HTTP/1.1\r\nX: y\r\nZ: " + std::string(100, 'z'));
  ASSERT_EQ(parser.error_status(), 431);
  EXPECT_EQ(parser.target(), "/b");
  EXPECT_EQ(parser.fields().find("x"), "y");
}

TEST(HttpRequestParser, allocates_nothing_for_the_heads_of_a_busy_connection) {
  HttpRequestParser parser({});
  if (!testing::Allocations::counted) GTEST_SKIP();
  const auto request = "GET /mcp HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " +
                       std::string(2000, 'x') + "\r\n\r\n";
  for (int warm = 0; warm < 2; ++warm) {
    parser.reset();
    parser.feed(request);
  }
  const auto before = testing::Allocations::now().count;
  for (int i = 0; i < 10; ++i) {
    parser.reset();
    EXPECT_EQ(parser.feed(request), request.size());
  }
  EXPECT_EQ(testing::Allocations::now().count, before);
}

TEST(HttpRequestParser, holds_less_than_a_kilobyte_between_messages_and_nothing_once_released) {
  if (!testing::Allocations::counted) GTEST_SKIP();
  const std::string body(100'000, 'x');
  std::string request = "POST /mcp HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 9; ++i) request += "A-Usual-Header: a value of usual length\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const auto before = testing::Allocations::now().in_use;
  HttpRequestParser parser({});
  const auto held = [&] { return testing::Allocations::now().in_use - before; };
  EXPECT_EQ(held(), 0);
  parser.feed(request);
  parser.feed(body);
  ASSERT_EQ(parser.state(), State::done);
  parser.reset();
  EXPECT_LT(held(), 1024);
  parser.release();
  EXPECT_EQ(held(), 0);
  parser.feed(request);
  EXPECT_EQ(parser.state(), State::body);
}

using Reply = HttpResponseParser::State;

std::pair<Reply, std::string> parse_response(
    std::string_view text, std::size_t step, bool eof = false, bool head = false
) {
  HttpResponseParser parser(64 * 1024, head);
  std::string body;
  std::size_t begin = 0;
  for (std::size_t end = std::min(step, text.size());; end = std::min(end + step, text.size())) {
    while (const auto taken = parser.feed(text.substr(begin, end - begin))) {
      begin += taken;
      body += parser.piece();
    }
    if (end == text.size()) break;
  }
  if (eof) parser.finish();
  return {parser.state(), parser.state() == Reply::failed ? parser.error() : body};
}

TEST(HttpResponseParser, reads_sized_chunked_and_closed_bodies_in_any_pieces) {
  const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
  const std::string closed = "HTTP/1.1 200 OK\r\n\r\nhello";
  const std::pair<Reply, std::string> hello{Reply::done, "hello"};
  for (std::size_t step = 1; step < 80; ++step) {
    EXPECT_EQ(parse_response(sized, step), hello) << step;
    EXPECT_EQ(parse_response(chunked, step), hello) << step;
    EXPECT_EQ(parse_response(closed, step, true), hello) << step;
    EXPECT_EQ(parse_response(closed, step).first, Reply::body) << step;
  }
}

TEST(HttpResponseParser, knows_bodies_that_are_not_there) {
  EXPECT_EQ(parse_response("HTTP/1.1 204 No\r\n\r\n", 5).first, Reply::done);
  EXPECT_EQ(parse_response("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 5).first, Reply::done);
  EXPECT_EQ(
      parse_response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 5, false, true).first,
      Reply::done
  );
}

TEST(HttpResponseParser, says_what_is_wrong) {
  const auto text_of = [](std::string_view text) {
    return parse_response(text, 1000, true).second;
  };
  EXPECT_EQ(text_of(""), "connection closed before a response");
  EXPECT_EQ(text_of("HTTP/1.1 200"), "connection closed within the response header");
  EXPECT_EQ(
      text_of("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"),
      "connection closed before the end of the response"
  );
  EXPECT_EQ(
      text_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello"),
      "connection closed before the end of the response"
  );
  EXPECT_TRUE(text_of("SSH-2.0-OpenSSH_9\r\n").starts_with("malformed response: "));
  EXPECT_EQ(
      text_of("HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x')),
      "response header over 65536 bytes"
  );
}

TEST(HttpResponseParser, refuses_a_status_under_100_other_than_beast) {
  EXPECT_EQ(
      parse_response("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n", 1000).second,
      "malformed response: bad status"
  );
}

TEST(HttpResponseParser, keeps_no_connection_of_http_1_0_after_chunks_other_than_beast) {
  const auto keeps = [](std::string_view framing) {
    HttpResponseParser parser(1000, false);
    parser.feed(
        "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + std::string(framing) + "\r\n\r\n"
    );
    EXPECT_NE(parser.state(), Reply::failed);
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("Content-Length: 0"));
  EXPECT_FALSE(keeps("Transfer-Encoding: chunked"));
}

TEST(HttpResponseParser, hands_out_what_came_before_a_mistake) {
  HttpResponseParser parser(1000, false);
  std::string_view text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nxyz";
  text.remove_prefix(parser.feed(text));
  text.remove_prefix(parser.feed(text));
  EXPECT_EQ(parser.piece(), "hi");
  EXPECT_EQ(parser.state(), Reply::body);
  EXPECT_EQ(text, "xyz");
  parser.feed(text);
  EXPECT_EQ(parser.error(), "malformed response: bad chunk size");
}

TEST(HttpResponseParser, knows_the_end_with_the_last_piece) {
  HttpResponseParser parser(1000, false);
  std::string_view text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  text.remove_prefix(parser.feed(text));
  EXPECT_EQ(parser.feed(text), text.size());
  EXPECT_EQ(parser.piece(), "hi");
  EXPECT_EQ(parser.state(), Reply::done);
}

TEST(HttpHead, writes_a_head_that_nothing_can_break) {
  std::string out;
  const std::array<HeaderField, 4> headers{
      {{"A", "b"}, {"Evil", "x\r\nSet-Cookie: y"}, {"Bad name", "x"}, {"content-length", "7"}}
  };
  append_response_head(
      out, 404, headers, {.content_length = 3, .connection = ResponseFraming::Connection::close}
  );
  EXPECT_EQ(
      out, "HTTP/1.1 404 Not Found\r\nA: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
  );
  EXPECT_EQ(error_body("a \"b\""), R"({"error":"a \"b\""})");
}

}  // namespace
}  // namespace mooring::io
