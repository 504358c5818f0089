#include "io/http_oracle.hpp"

#include <array>
#include <random>
#include <span>

#include "io/support.hpp"

namespace mooring::io {
namespace {

constexpr std::string_view chunked_request =
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view chunked_response =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::vector<std::string> with_bodies(std::string_view head) {
  std::vector<std::string> all;
  for (const std::string_view body : {
           "0\r\n\r\n",
           "000\r\n\r\nGET / HTTP/1.1\r\n",
           "5\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n",
           "A\r\n0123456789\r\n1\r\n\r\r\n0;last\r\nA: b\r\n c\r\nD:\r\n\r\n",
           "2;a=b;c\r\nhi\r\n0\r\n\r\n",
           "2 ; a = \"q\\\"\\\\\t\" ;b\r\nhi\r\n0 ;x=y\r\n\r\n",
           "2;\r\nhi\r\n0\r\n\r\n",
           "2 \r\nhi\r\n0\r\n\r\n",
           "2;a=\"\x01\"\r\nhi\r\n0\r\n\r\n",
           "2;a=\"\r\nhi\r\n0\r\n\r\n",
           "2\nhi\n0\n\n",
           "0x2\r\nhi\r\n0\r\n\r\n",
           "2\r\nhi0\r\n\r\n",
           "ffffffffffffffff\r\nx",
           "10000000000000000\r\nx",
           "0000000000000000000000002\r\nhi\r\n0\r\n\r\n",
           "0\r\nContent-Length: 5\r\n\r\n",
           "0\r\nConnection: close\r\n\r\n",
           "0\r\n folded: first\r\n\r\n",
           "-1\r\n\r\n",
       }) {
    all.push_back(std::string(head).append(body));
  }
  return all;
}

std::vector<std::string> requests() {
  auto all = with_bodies(chunked_request);
  for (const std::string_view text : {
           "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
           "\r\n\r\nGET /a?b=c%20d HTTP/1.1\r\nhost:h\r\nX-Empty:\r\nX-Tab:\ta\tb \t\r\n\r\nrest",
           "M-SEARCH * HTTP/1.0\r\nConnection: keep-alive , upgrade\r\nUpgrade: x\r\n\r\n",
           "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\nContent-Type: "
           "application/json\r\nAccept: application/json, text/event-stream\r\nMcp-Session-Id: "
           "7f3c9a52-08d1-4b6e\r\nContent-Length: 11\r\n\r\n{\"id\": \"1\"}",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\ncontent-length: 005\r\n\r\nhello",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\nhello",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\nhello",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n 2\r\n\r\nhi",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nContent-Length: 2\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n \t b  \r\n\tc\r\n \r\nY: d\r\n\r\n",
           "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
           "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET /\x80\xff HTTP/1.1\r\nHost: h\xc3\xa4\r\nX: \x7f\r\n\r\n",
           "GET / HTTP/1.2\r\nHost: h\r\n\r\n",
           "GET / http/1.1\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
           "PO\tST / HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\rHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\n: empty\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep alive\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nProxy-Connection: ,close,\r\n\r\n",
           "\x16\x03\x01\x02\x00\x01\x00",
       }) {
    all.emplace_back(text);
  }
  all.push_back(std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a") + '\0' + "b\r\n\r\n");
  return all;
}

std::vector<std::string> responses() {
  auto all = with_bodies(chunked_response);
  for (const std::string_view text : {
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
           "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 \r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n",
           "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: \"x\"\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 099 Less\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 1000 More\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 \x80\x01 OK\r\nContent-Length: 0\r\n\r\n",
           "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
           "SSH-2.0-OpenSSH_9.2\r\n",
       }) {
    all.emplace_back(text);
  }
  return all;
}

/// The same on every machine: std::mt19937 is, the distributions of the library are not.
class Dice {
 public:
  std::size_t below(std::size_t end) { return generator_() % end; }

 private:
  std::mt19937 generator_{20261129};  // NOLINT: the seed is meant to be the same
};

constexpr std::array<std::string_view, 40> crumbs{
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    " ",
    "\t",
    "\r\n ",
    ":",
    ";",
    ",",
    "\"",
    "\\",
    "=",
    "0",
    "1",
    "5",
    "f",
    "g",
    "-",
    "+",
    "_",
    "\x01",
    "\x7f",
    "\x80",
    "/",
    "HTTP/1.0",
    "HTTP/1.1",
    "close",
    "Connection: keep-alive\r\n",
    "Connection: close, x\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: x\r\n",
    "Host: g\r\n",
    "X-A-Field-With-A-Long-Name: and a value of more than sixteen bytes\r\n",
    "0\r\n\r\n",
    "3;a=\"b\"\r\nabc\r\n",
    "204",
    "304",
};

std::string mutated(std::span<const std::string> all, Dice& dice) {
  auto text = all[dice.below(all.size())];
  for (auto changes = 1 + dice.below(3); changes > 0; --changes) {
    const auto at = dice.below(text.size() + 1);
    const auto size = std::min(text.size() - at, 1 + dice.below(4));
    const auto crumb = crumbs[dice.below(crumbs.size())];
    switch (dice.below(6)) {
      case 0:
        text.erase(at, size);
        break;
      case 1:
        text.replace(at, size, crumb);
        break;
      case 2:
        text.insert(at, text.substr(at, dice.below(40)));
        break;
      case 3: {
        const auto& other = all[dice.below(all.size())];
        text = text.substr(0, at) + other.substr(dice.below(other.size()));
        break;
      }
      default: {  // most often whole lines of the head
        const auto line = text.find('\n', at);
        text.insert(line == std::string::npos || dice.below(3) == 0 ? at : line + 1, crumb);
        break;
      }
    }
  }
  return text;
}

oracle::Cuts cut_at(std::size_t place) {
  return [place](std::string_view text, const auto& feed) {
    if (feed(text.substr(0, place))) feed(text.substr(std::min(place, text.size())));
  };
}

oracle::Cuts random_cuts(Dice& dice) {
  return [&dice](std::string_view text, const auto& feed) {
    while (!text.empty()) {
      const auto size = std::min(text.size(), 1 + dice.below(dice.below(3) == 0 ? 60 : 9));
      if (!feed(text.substr(0, size))) return;
      text.remove_prefix(size);
    }
  };
}

using Compare = std::string (*)(std::string_view, const oracle::Cuts&);

void compare_at_every_place(const std::vector<std::string>& all, Compare compare) {
  for (const auto& text : all) {
    for (std::size_t place = 1; place <= text.size(); ++place) {
      ASSERT_EQ(compare(text, cut_at(place)), "") << text << "\ncut at " << place;
      ASSERT_EQ(compare(text.substr(0, place), cut_at(place / 2)), "") << text.substr(0, place);
    }
  }
}

void compare_mutations(const std::vector<std::string>& all, Compare compare) {
  Dice dice;
  for (int i = 0; i < 10'000; ++i) {
    const auto text = mutated(all, dice);
    ASSERT_EQ(compare(text, random_cuts(dice)), "") << "mutation " << i << ":\n" << text;
  }
}

TEST(HttpOracle, requests_are_read_as_beast_reads_them_however_they_are_cut) {
  compare_at_every_place(requests(), oracle::compare_request);
}

TEST(HttpOracle, responses_are_read_as_beast_reads_them_however_they_are_cut) {
  compare_at_every_place(responses(), oracle::compare_response);
}

TEST(HttpOracle, mutated_requests_are_read_as_beast_reads_them) {
  compare_mutations(requests(), oracle::compare_request);
}

TEST(HttpOracle, mutated_responses_are_read_as_beast_reads_them) {
  compare_mutations(responses(), oracle::compare_response);
}

}  // namespace
}  // namespace mooring::io
