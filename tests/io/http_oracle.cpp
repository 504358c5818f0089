#include "io/http_oracle.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/src.hpp>
#include <utility>
#include <vector>

#include "io/http_request_parser.hpp"
#include "io/http_response_parser.hpp"

namespace mooring::io::oracle {

namespace {

namespace http = boost::beast::http;
using Verdict = Reading::Verdict;

constexpr std::size_t most_bytes = 1024 * 1024;

template <class Length>
std::string length_of(const Length& length) {
  return length ? fmt::format("\nlength {}", *length) : std::string();
}

/// Beast's reading of one message, all of whose bytes are there at once. What the house is stricter
/// in by design, whoever parses, it is as well: one Host, no transfer coding but `chunked`, and
/// that not in a request of HTTP/1.0.
template <bool is_request>
class BeastMessage final : public http::basic_parser<is_request> {
  using Base = http::basic_parser<is_request>;
  using Text = boost::beast::string_view;
  using Error = boost::beast::error_code;

 public:
  explicit BeastMessage(bool without_body) {
    Base::body_limit(boost::none);
    Base::header_limit(most_bytes);
    Base::skip(without_body);
  }

  Reading read(std::string_view text) {
    Reading reading;
    Error error;
    while (!Base::is_done() && reading.taken < text.size() && !error) {
      const auto rest = text.substr(reading.taken);
      if (in_last_chunk(rest)) break;
      reading.taken += Base::put(boost::asio::buffer(rest.data(), rest.size()), error);
    }
    if (error && error != http::error::need_more) {
      reading.verdict = Verdict::failed;
      reading.error = error.message();
      return reading;
    }
    if (Base::is_done()) reading.verdict = Verdict::done;
    if (Base::is_header_done()) {
      reading.text = fmt::format(
          "{}{}\nkeep-alive {}{}\n\n{}", start_, fields_, Base::keep_alive(),
          is_request ? std::string() : length_of(Base::content_length()), body_
      );
    }
    return reading;
  }

 private:
  /// It asserts that there are five bytes.
  bool in_last_chunk(std::string_view rest) const {
    return Base::is_header_done() && Base::chunked() && chunk_left_ == 0 && rest.size() < 5 &&
           (rest.front() == '0' || rest.front() == '\r');
  }

  void on_request_impl(http::verb, Text method, Text target, int version, Error&) override {
    start_ = fmt::format("{} {} {}", view(method), view(target), version);
    http_1_1_ = version == 11;
  }
  void on_response_impl(int status, Text, int, Error&) override { start_ = fmt::to_string(status); }
  void on_field_impl(http::field, Text name, Text value, Error&) override {
    if (header_done_) return;
    fields_ += fmt::format("\n{}: {}", view(name), view(value));
    if (equals_ignoring_case(view(name), "host")) ++hosts_;
    if (!equals_ignoring_case(view(name), "transfer-encoding")) return;
    ++codings_;
    chunked_only_ = chunked_only_ && equals_ignoring_case(view(value), "chunked");
  }
  void on_header_impl(Error& error) override {
    header_done_ = true;
    if (codings_ > 1 || !chunked_only_) error = http::error::bad_transfer_encoding;
    if (is_request && (hosts_ > 1 || (hosts_ == 0 && http_1_1_))) error = http::error::bad_field;
    if (is_request && codings_ > 0 && !http_1_1_) error = http::error::bad_transfer_encoding;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text body, Error&) override {
    body_.append(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, Text, Error&) override { chunk_left_ = size; }
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Error&) override {
    chunk_left_ -= body.size();
    body_.append(view(body));
    return body.size();
  }
  void on_finish_impl(Error&) override {}
  static std::string_view view(Text text) { return {text.data(), text.size()}; }

  std::string start_, fields_, body_;
  std::uint64_t chunk_left_ = 0;
  int hosts_ = 0, codings_ = 0;
  bool chunked_only_ = true, header_done_ = false, http_1_1_ = true;
};

std::string fields_of(const HttpFields& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    text += fmt::format("\n{}: {}", fields.name(i), fields.value(i));
  }
  return text;
}

/// Offers what was not taken again, with more behind it.
template <class Parser, class Took>
std::size_t read(Parser& parser, std::string_view text, const Cuts& cuts, const Took& took) {
  using State = Parser::State;
  const auto over = [&] {
    return parser.state() == State::done || parser.state() == State::failed;
  };
  std::size_t taken = 0;
  std::size_t there = 0;
  cuts(text, [&](std::string_view piece) {
    there += piece.size();
    while (taken < there && !over()) {
      // A copy of its own: AddressSanitizer sees what is read beyond it.
      const std::vector<char> offered(
          text.begin() + static_cast<std::ptrdiff_t>(taken),
          text.begin() + static_cast<std::ptrdiff_t>(there)
      );
      const auto count = parser.feed({offered.data(), offered.size()});
      taken += count;
      took();
      if (count == 0) break;
    }
    return !over();
  });
  return taken;
}

template <class State>
Verdict verdict_of(State state) {
  if (state == State::done) return Verdict::done;
  return state == State::failed ? Verdict::failed : Verdict::more;
}

// ---- differences

struct Pair {
  const Reading& ours;
  const Reading& beasts;
  std::string_view text;

  bool ours_failed(std::string_view error) const {
    return ours.verdict == Verdict::failed && ours.error.ends_with(error);
  }
  bool has(std::string_view part) const { return text.find(part) != std::string_view::npos; }
};

bool is_old_and_chunked(const Pair& pair) {
  auto closed = pair.beasts.text;
  const auto at = closed.find("\nkeep-alive true");
  if (at == std::string::npos || !pair.text.starts_with("HTTP/1.0 ")) return false;
  closed.replace(at, 16, "\nkeep-alive false");
  return closed == pair.ours.text && pair.ours.verdict == pair.beasts.verdict;
}

/// All that ours reads otherwise than Beast.
constexpr std::array<std::pair<const char*, bool (*)(const Pair&)>, 6> meant{{
    {"a status under 100 is none",
     [](const Pair& pair) { return pair.ours_failed("bad status") && pair.has(" 0"); }},
    {"no control characters in quoted extensions of chunks",
     [](const Pair& pair) { return pair.ours_failed("bad chunk extension") && pair.has("\""); }},
    {"no field about the connection in a trailer",
     [](const Pair& pair) { return pair.ours_failed("bad trailer") && pair.has("onnection"); }},
    {"the line of a chunk and a trailer are bounded however they come",
     [](const Pair& pair) { return pair.ours_failed("chunk framing too long"); }},
    {"a folded value is bounded by the head alone",
     [](const Pair& pair) { return pair.beasts.error == "header limit exceeded"; }},
    {"no connection of HTTP/1.0 goes on after chunks", is_old_and_chunked},
}};

/// What is wrong is said sooner or later: when it comes, or when the line or the head is complete.
template <class Read>
bool fails_with_more(std::string_view text, const Read& read) {
  return read(std::string(text) + "\r\n\r\n\r\n\r\n\r\n").verdict == Verdict::failed;
}

std::string show(const Reading& reading) {
  constexpr std::array<const char*, 3> verdicts{"more", "done", "failed"};
  return fmt::format(
      "{} {} at {}: {}", verdicts[static_cast<std::size_t>(reading.verdict)], reading.error,
      reading.taken, reading.text
  );
}

template <class Ours, class Beasts>
std::string compare(
    std::string_view text, const Cuts& cuts, const Ours& read_ours, const Beasts& read_beasts
) {
  const Cuts whole = [](std::string_view all, const auto& feed) { feed(all); };
  const auto ours = read_ours(text, whole);
  const auto cut = read_ours(text, cuts);
  // A head in pieces may wait for the end of a line where a whole one fails at once.
  const bool waits =
      ours.verdict == Verdict::failed && cut.verdict == Verdict::more &&
      fails_with_more(text, [&](std::string_view all) { return read_ours(all, cuts); });
  const auto more_ours = [&](std::string_view all) { return read_ours(all, whole); };
  const auto same = [](const Reading& a, const Reading& b) {
    if (a.verdict != b.verdict) return false;
    if (a.verdict == Verdict::failed) return true;
    return a.text == b.text && (a.verdict == Verdict::more || a.taken == b.taken);
  };
  if (!waits && !same(ours, cut)) {
    return fmt::format("whole: {}\n\nin pieces: {}", show(ours), show(cut));
  }
  const auto beasts = read_beasts(text);
  if (same(ours, beasts)) return {};
  if (ours.verdict == Verdict::failed && beasts.verdict == Verdict::more &&
      fails_with_more(text, read_beasts)) {
    return {};
  }
  if (ours.verdict == Verdict::more && beasts.verdict == Verdict::failed &&
      fails_with_more(text, more_ours)) {
    return {};
  }
  for (const auto& [name, holds] : meant) {
    if (holds({ours, beasts, text})) return {};
  }
  return fmt::format("ours: {}\n\nBeast's: {}", show(ours), show(beasts));
}

}  // namespace

Reading beast_request(std::string_view text) {
  std::size_t empty = 0;
  while (text.substr(empty).starts_with("\r\n")) empty += 2;
  text.remove_prefix(empty);
  if (text.empty() || text == "\r") return {};
  auto reading = BeastMessage<true>(false).read(text);
  reading.taken += empty;
  return reading;
}

Reading beast_response(std::string_view text, bool without_body) {
  return BeastMessage<false>(without_body).read(text);
}

Reading read_request(std::string_view text, const Cuts& cuts) {
  HttpRequestParser parser({.header_bytes = most_bytes, .body_bytes = ~std::size_t{0}});
  Reading reading;
  reading.taken = read(parser, text, cuts, [] {});
  reading.verdict = verdict_of(parser.state());
  reading.error = parser.error();
  if (parser.state() == HttpRequestParser::State::head) return reading;
  reading.text = fmt::format(
      "{} {} {}{}\nkeep-alive {}\n\n{}", parser.method(), parser.target(),
      parser.http_1_1() ? 11 : 10, fields_of(parser.fields()), parser.keep_alive(), parser.body()
  );
  return reading;
}

Reading read_response(std::string_view text, bool without_body, const Cuts& cuts) {
  HttpResponseParser parser(most_bytes, without_body);
  Reading reading;
  std::string body;
  reading.taken = read(parser, text, cuts, [&] { body.append(parser.piece()); });
  reading.verdict = verdict_of(parser.state());
  reading.error = parser.error();
  if (parser.state() == HttpResponseParser::State::head) return reading;
  reading.text = fmt::format(
      "{}{}\nkeep-alive {}{}\n\n{}", parser.status(), fields_of(parser.fields()),
      parser.keep_alive(), length_of(parser.content_length()), body
  );
  return reading;
}

std::string compare_request(std::string_view text, const Cuts& cuts) {
  return compare(text, cuts, read_request, beast_request);
}

std::string compare_response(std::string_view text, const Cuts& cuts) {
  for (const bool without_body : {false, true}) {
    const auto different = compare(
        text, cuts,
        [&](std::string_view all, const Cuts& by) { return read_response(all, without_body, by); },
        [&](std::string_view all) { return beast_response(all, without_body); }
    );
    if (!different.empty()) return different;
  }
  return {};
}

}  // namespace mooring::io::oracle
