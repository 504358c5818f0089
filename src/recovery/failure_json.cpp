#include "recovery/failure_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "protocol/json_scan.hpp"

namespace mooring::recovery {
namespace {

using protocol::is_null;
using protocol::is_object;
using protocol::is_string;
using protocol::member;

template <class T>
using Named = std::pair<std::string_view, T>;

/// What is wrong first; empty: nothing so far.
class Reader {
 public:
  explicit Reader(std::string_view object) : object_(object) {}

  std::optional<std::string_view> raw(std::string_view key) const {
    const auto value = member(object_, key);
    return value && !is_null(*value) ? value : std::nullopt;
  }

  void text(std::string_view key, std::string& out) {
    const auto value = raw(key);
    if (!value) return;
    if (!is_string(*value)) return wrong(key, "a string");
    out = protocol::unescape(*value);
  }

  void flag(std::string_view key, bool& out) {
    const auto value = raw(key);
    if (!value) return;
    if (*value != "true" && *value != "false") return wrong(key, "true or false");
    out = *value == "true";
  }

  template <class Number>
  void number(std::string_view key, std::optional<Number>& out) {
    const auto value = raw(key);
    if (!value) return;
    Number read = 0;
    const std::string digits(*value);
    const auto* end = digits.data() + digits.size();
    const auto [stop, failed] = std::from_chars(digits.data(), end, read);
    if (failed != std::errc() || stop != end) return wrong(key, "a whole number");
    out = read;
  }

  template <class T, std::size_t N>
  void choice(std::string_view key, const std::array<Named<T>, N>& choices, std::optional<T>& out) {
    std::string word;
    text(key, word);
    if (word.empty()) return;
    for (const auto& [name, value] : choices) {
      if (name == word) {
        out = value;
        return;
      }
    }
    std::string known;
    for (const auto& [name, value] : choices) known.append(known.empty() ? "" : ", ").append(name);
    wrong(key, "one of " + known);
  }

  void wrong(std::string_view key, std::string_view wanted) {
    if (error.empty()) error = fmt::format("\"{}\" has to be {}", key, wanted);
  }

  std::string error;

 private:
  std::string_view object_;
};

enum class Layer { http, rpc, transport, result, stream };

constexpr std::array<Named<Phase>, 4> phases = {{
    {"post", Phase::post},
    {"get-sse", Phase::get_stream},
    {"sse-message", Phase::sse_message},
    {"delete", Phase::end_session},
}};
constexpr std::array<Named<Layer>, 5> layers = {{
    {"http", Layer::http},
    {"jsonrpc-200", Layer::rpc},
    {"transport", Layer::transport},
    {"tool-result", Layer::result},
    {"sse-stream", Layer::stream},
}};
constexpr std::array<Named<Stage>, 8> stages = {{
    {"resolve", Stage::resolve},
    {"connect", Stage::connect},
    {"tls", Stage::tls},
    {"proxy", Stage::proxy},
    {"write", Stage::write},
    {"headers", Stage::headers},
    {"body", Stage::body},
    {"process", Stage::process},
}};

void read_headers(Reader& reader, Failure& failure) {
  const auto headers = reader.raw("headers");
  if (!headers) return;
  if (!is_object(*headers)) return reader.wrong("headers", "an object of strings");
  protocol::for_each_member(*headers, [&](std::string_view key, std::string_view value) {
    if (!is_string(value)) {
      reader.wrong("headers", "an object of strings");
      return false;
    }
    failure.headers.emplace_back(protocol::unescape(key), protocol::unescape(value));
    return true;
  });
}

void read_transport(Reader& reader, Failure& failure) {
  const auto transport = reader.raw("transport");
  if (!transport) return;
  if (!is_object(*transport)) return reader.wrong("transport", "an object");
  Reader inner(*transport);
  std::optional<std::size_t> bytes;
  bool processed = true;
  inner.choice("stage", stages, failure.stage);
  inner.number("bytes_sent", bytes);
  inner.text("error", failure.error);
  inner.flag("processed", processed);
  if (!inner.error.empty() && reader.error.empty()) reader.error = "transport: " + inner.error;
  if (!failure.stage) failure.stage = Stage::headers;
  const bool late = *failure.stage == Stage::headers || *failure.stage == Stage::body;
  failure.bytes_sent = bytes.value_or(late ? 1 : 0);
  failure.unprocessed = !processed;
  failure.response_begun = *failure.stage == Stage::body;
}

}  // namespace

std::expected<WrittenFailure, std::string> read_failure(std::string_view json) {
  if (const auto bad = protocol::validate(json)) return std::unexpected("not JSON: " + *bad);
  json.remove_prefix(std::min(json.find_first_not_of(" \t\r\n"), json.size()));
  if (!is_object(json)) return std::unexpected("a failure is a JSON object");
  WrittenFailure out;
  if (const auto id = member(json, "id")) out.id = *id;
  if (const auto inner = member(json, "failure")) {
    if (!is_object(*inner)) return std::unexpected("\"failure\" has to be an object");
    json = *inner;
  }
  Reader reader(json);
  Failure& failure = out.failure;
  std::optional<Phase> phase;
  std::optional<Layer> layer;
  failure.method = "tools/call";
  failure.sent_session_id = true;
  reader.choice("phase", phases, phase);
  reader.choice("layer", layers, layer);
  reader.text("method", failure.method);
  reader.number("http_status", failure.http_status);
  reader.text("body", failure.body);
  reader.text("message", failure.error);
  reader.flag("sent_session_id", failure.sent_session_id);
  reader.flag("cancelled", failure.aborted);
  read_headers(reader, failure);
  if (!failure.http_status) read_transport(reader, failure);
  if (!reader.error.empty()) return std::unexpected(reader.error);
  failure.phase = phase.value_or(Phase::post);
  failure.in_band = layer == Layer::rpc;
  failure.result = layer == Layer::result;
  failure.response_begun = failure.response_begun || layer == Layer::stream;
  if (failure.stage && failure.bytes_sent == 0 && !failure.response_begun) {
    failure.delivery = Delivery::not_sent;
  }
  return out;
}

}  // namespace mooring::recovery
