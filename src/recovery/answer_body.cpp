#include "recovery/answer_body.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "protocol/json_scan.hpp"
#include "protocol/sse.hpp"

namespace mooring::recovery {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t longest_event = std::size_t{128} << 10;

std::string_view trimmed(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool says_nothing(std::string_view message) {
  constexpr std::array<std::string_view, 11> generic = {
      "",
      "invalid request",
      "bad request",
      "internal error",
      "internal server error",
      "error",
      "not found",
      "invalid params",
      "server error",
      "unauthorized",
      "request failed",
  };
  std::string folded(message);
  std::ranges::transform(folded, folded.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::ranges::find(generic, std::string_view(folded)) != generic.end();
}

void add(AnswerBody& out, std::string text) {
  if (!text.empty()) out.messages.push_back(std::move(text));
}

void add_member(AnswerBody& out, std::string_view object, std::string_view key) {
  add(out, protocol::string_member(object, key));
}

/// `data.message`, `data.detail`, and the same one level further down.
void read_data(AnswerBody& out, std::string_view data) {
  for (int depth = 0; depth < 3 && protocol::is_object(data); ++depth) {
    for (const std::string_view key : {"message", "detail", "error", "reason"}) {
      add_member(out, data, key);
    }
    const auto inner = protocol::member(data, "data");
    if (!inner) return;
    data = *inner;
  }
}

void read_error(AnswerBody& out, std::string_view error) {
  const std::string message = protocol::string_member(error, "message");
  add(out, message);
  const auto raw = protocol::member(error, "code");
  int code = 0;
  if (raw && std::from_chars(raw->data(), raw->data() + raw->size(), code).ec == std::errc()) {
    out.code = code;
    out.rpc_error = true;
  } else {
    add_member(out, error, "code");
  }
  for (const std::string_view key : {"detail", "description", "type"}) add_member(out, error, key);
  const auto data = protocol::member(error, "data");
  out.no_data = !data || protocol::is_null(*data) || trimmed(*data) == "\"\"";
  if (data && says_nothing(message)) read_data(out, *data);
}

void read_object(AnswerBody& out, std::string_view object) {
  if (protocol::member(object, "result") && protocol::member(object, "jsonrpc")) {
    out.rpc_result = true;
    return;
  }
  for (const std::string_view key : {"error", "jsonRpcError"}) {
    const auto error = protocol::member(object, key);
    if (error && protocol::is_object(*error)) return read_error(out, *error);
  }
  for (const std::string_view key :
       {"error_description", "message", "detail", "error", "title", "reason", "errorMessage",
        "error_message", "msg", "code", "errorCode"}) {
    add_member(out, object, key);
  }
}

void read_json(AnswerBody& out, std::string_view text) {
  out.json = true;
  if (protocol::is_string(text)) return add(out, protocol::unescape(text));
  if (protocol::is_array(text)) {
    protocol::for_each_element(text, [&](std::string_view element) {
      if (protocol::is_object(element)) read_object(out, element);
      return false;
    });
    return;
  }
  if (protocol::is_object(text)) read_object(out, text);
}

bool is_json(std::string_view text) {
  return !text.empty() && std::string_view("{[\"").find(text.front()) != std::string_view::npos &&
         !protocol::validate(text);
}

bool looks_like_events(std::string_view text) {
  constexpr std::array<std::string_view, 5> fields = {"event:", "data:", "id:", "retry:", ": "};
  return std::ranges::any_of(fields, [&](auto field) { return text.starts_with(field); });
}

/// The last event that holds an answer.
void read_events(AnswerBody& out, std::string_view text) {
  protocol::SseDecoder decoder(longest_event);
  if (decoder.feed(text)) decoder.feed("\n\n");
  while (const auto event = decoder.next()) {
    const auto data = trimmed(event->data);
    if (!is_json(data)) continue;
    AnswerBody read;
    read_json(read, data);
    if (read.rpc_error || read.rpc_result || !read.messages.empty()) out = std::move(read);
  }
  out.json = true;
}

}  // namespace

AnswerBody read_answer(std::string_view body) {
  AnswerBody out;
  const auto text = trimmed(body);
  if (text.empty()) return out;
  if (looks_like_events(text)) {
    read_events(out, text);
  } else if (text.front() == '<' && text.find('>') != std::string_view::npos) {
    out.html = true;
  } else if (is_json(text)) {
    read_json(out, text);
  } else {
    add(out, std::string(text));
  }
  return out;
}

}  // namespace mooring::recovery
