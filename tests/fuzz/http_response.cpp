#include <string>

#include "fuzz/fuzz_target.hpp"
#include "io/http_oracle.hpp"
#include "io/http_response_parser.hpp"

using mooring::fuzz::require;
using mooring::io::HttpResponseParser;
using State = HttpResponseParser::State;

namespace {

constexpr std::size_t header_bytes = 1024;

/// A client's reading loop without the connection. The peer closes at the end of the input.
class Reader {
 public:
  explicit Reader(bool without_body) : parser_(header_bytes, without_body) {}

  bool take(std::string_view bytes) {
    unread_.append(bytes);
    while (!unread_.empty() && !over()) {
      const auto before = parser_.state();
      const auto taken = parser_.feed(unread_);
      require(taken <= unread_.size(), "no more is taken than was offered");
      const auto piece = parser_.piece();
      require(
          piece.empty() || (piece.data() >= unread_.data() &&
                            piece.data() + piece.size() <= unread_.data() + unread_.size()),
          "a piece of the body is a part of what was offered"
      );
      body_.append(piece);
      unread_.erase(0, taken);
      check();
      if (taken == 0 && parser_.state() == before) break;
    }
    return !over();
  }
  /// What the caller of a request would have in the end.
  std::string end() {
    if (!over()) parser_.finish();
    require(over(), "nothing stays open once the peer has closed");
    check();
    if (parser_.state() == State::failed) return "failed";
    std::string text = std::to_string(parser_.status());
    for (std::size_t i = 0; i < parser_.fields().size(); ++i) {
      text.append("\n").append(parser_.fields().name(i));
      text.append(":").append(parser_.fields().value(i));
    }
    return text.append("\n\n").append(body_);
  }

 private:
  bool over() const { return parser_.state() == State::done || parser_.state() == State::failed; }
  void check() {
    if (parser_.state() == State::failed) {
      require(!parser_.error().empty(), "a failure has a text");
      return;
    }
    if (parser_.state() == State::head) {
      require(unread_.size() <= 16 * header_bytes, "a head that waits is bounded");
      return;
    }
    require(parser_.status() >= 100 && parser_.status() <= 999, "the status is one");
    const auto length = parser_.content_length();
    require(!length || body_.size() <= *length, "no more body than was announced");
  }

  HttpResponseParser parser_;
  std::string unread_, body_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = mooring::fuzz::text_of(data, size);
  for (const bool without_body : {false, true}) {
    Reader whole(without_body);
    whole.take(text);
    Reader cut(without_body);
    mooring::fuzz::in_pieces(text, [&](std::string_view piece) { return cut.take(piece); });
    require(whole.end() == cut.end(), "cuts change nothing");
  }
  const auto in_pieces = [](std::string_view all, const auto& feed) {
    mooring::fuzz::in_pieces(all, feed);
  };
  const auto different = mooring::io::oracle::compare_response(text, in_pieces);
  require(different.empty(), different.c_str());
  return 0;
}
