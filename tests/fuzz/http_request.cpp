#include <string>
#include <vector>

#include "fuzz/fuzz_target.hpp"
#include "io/http_oracle.hpp"
#include "io/http_request_parser.hpp"

using mooring::fuzz::require;
using mooring::io::HttpRequestParser;
using State = HttpRequestParser::State;

namespace {

constexpr HttpRequestParser::Limits limits{
    .header_bytes = 1024, .body_bytes = 256, .drain_bytes = 512
};

/// A connection's loop without the connection: what is not taken is offered again, with more behind
/// it.
class Reader {
 public:
  bool take(std::string_view bytes) {
    unread_.append(bytes);
    while (!unread_.empty() && parser_.state() != State::failed) {
      const auto taken = parser_.feed(unread_);
      require(taken <= unread_.size(), "no more is taken than was offered");
      unread_.erase(0, taken);
      check();
      if (parser_.state() == State::done) {
        complete();
      } else if (taken == 0) {
        break;
      }
    }
    return parser_.state() != State::failed;
  }

  const std::vector<std::string>& messages() const { return messages_; }

 private:
  void check() {
    if (parser_.state() == State::failed) {
      require(
          parser_.error_status() == 400 || parser_.error_status() == 431, "a failure has a status"
      );
      require(!parser_.error().empty(), "a failure has a text");
      return;
    }
    require(parser_.body().size() <= limits.body_bytes, "the body is bounded");
    require(unread_.size() <= 16 * 1024 || parser_.state() == State::done, "what waits is bounded");
    if (parser_.state() == State::head) return;
    require(!parser_.method().empty() && !parser_.target().empty(), "the head is there");
  }

  void complete() {
    auto& body = parser_.body();
    std::string text(parser_.method());
    text.append(" ")
        .append(parser_.target())
        .append(parser_.too_large() ? " too large " : " ")
        .append(body);
    for (std::size_t i = 0; i < parser_.fields().size(); ++i) {
      text.append("\n")
          .append(parser_.fields().name(i))
          .append(":")
          .append(parser_.fields().value(i));
    }
    messages_.push_back(std::move(text));
    parser_.reset();
  }

  HttpRequestParser parser_{limits};
  std::string unread_;
  std::vector<std::string> messages_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = mooring::fuzz::text_of(data, size);
  Reader whole;
  whole.take(text);
  Reader cut;
  mooring::fuzz::in_pieces(text, [&](std::string_view piece) { return cut.take(piece); });
  require(whole.messages() == cut.messages(), "cuts change nothing");
  const auto in_pieces = [](std::string_view all, const auto& feed) {
    mooring::fuzz::in_pieces(all, feed);
  };
  const auto different = mooring::io::oracle::compare_request(text, in_pieces);
  require(different.empty(), different.c_str());
  return 0;
}
