#include "recovery/failure.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/redact.hpp"
#include "core/utf8.hpp"
#include "recovery/answer_body.hpp"

namespace mooring::recovery {
namespace {

constexpr std::size_t longest_quote = 200;
constexpr std::size_t longest_read = 4 * longest_quote;  ///< redacted before it is cut

std::string_view phrase_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 425:
      return "Too Early";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return {};
  }
}

/// Blanks and control characters folded, so that what a peer wrote stays on one line of ours; and
/// UTF-8 whatever it wrote, for it goes into JSON.
std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return core::sound_utf8(out);
}

std::string shortened(std::string text) {
  if (text.size() <= longest_quote) return text;
  std::size_t cut = longest_quote;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
    --cut;  // whole characters
  text.resize(cut);
  return text + "…";
}

std::string html_title(std::string_view body) {
  const std::size_t open = std::min(body.find("<title>"), body.find("<TITLE>"));
  if (open == std::string_view::npos) return {};
  const std::string_view rest = body.substr(open + 7);
  return std::string(rest.substr(0, rest.find('<')));
}

/// What the body says to a person: the message of an error, an HTML title, or plain text.
std::string said_by(std::string_view body) {
  const auto answer = read_answer(body);
  if (answer.html) return html_title(body);
  return answer.messages.empty() ? std::string() : answer.messages.front().substr(0, longest_read);
}

/// A JSON-RPC error that came as an ordinary answer.
std::string describe_answer(const Failure& failure) {
  const auto answer = read_answer(failure.body);
  std::string out = answer.code ? fmt::format("error {}", *answer.code) : "error";
  if (!answer.messages.empty()) out.append(": ").append(answer.messages.front(), 0, longest_read);
  return out;
}

std::string describe_status(const Failure& failure, int status) {
  std::string out = fmt::format("HTTP {}", status);
  if (const auto phrase = phrase_of(status); !phrase.empty()) out.append(" ").append(phrase);
  if (const std::string said = said_by(failure.body); !said.empty()) out.append(": ").append(said);
  if (failure.error.empty()) return out;
  return out.append(" (").append(failure.error).append(")");
}

std::string describe_break(const Failure& failure) {
  std::string what = failure.error;
  if (what.empty()) what = failure.timed_out ? "timed out" : "failed";
  if (!failure.stage) return what;
  return fmt::format("{}: {}", to_string(*failure.stage), what);
}

}  // namespace

std::string_view to_string(Delivery delivery) {
  switch (delivery) {
    case Delivery::not_sent:
      return "not_sent";
    case Delivery::refused:
      return "refused";
    case Delivery::unknown:
      return "unknown";
    case Delivery::answered:
      return "answered";
  }
  return "unknown";
}

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::resolve:
      return "resolve";
    case Stage::connect:
      return "connect";
    case Stage::tls:
      return "tls";
    case Stage::proxy:
      return "proxy";
    case Stage::write:
      return "write";
    case Stage::headers:
      return "headers";
    case Stage::body:
      return "body";
    case Stage::process:
      return "process";
  }
  return "connect";
}

std::string describe(const Failure& failure) {
  if (failure.aborted) return "cancelled by the caller";
  // Redacted before it is cut: half a token is no longer recognised as one.
  std::string full;
  if (failure.in_band && !failure.stage) {
    full = describe_answer(failure);
  } else {
    full = failure.http_status ? describe_status(failure, *failure.http_status)
                               : describe_break(failure);
  }
  return shortened(core::redact(folded(full)));
}

}  // namespace mooring::recovery
