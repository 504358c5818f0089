#include "protocol/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "protocol/json_cursor.hpp"
#include "protocol/json_reader.hpp"

namespace mooring::protocol {
namespace {

Span span_of(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
}

/// Finds the members that matter in one object, each at most once.
template <const auto& names>
class Finder {
 public:
  /// Reads the object at `begin` and returns where it ends. `read(i, value)` reads the value of the
  /// i-th name.
  template <class Read>
  std::size_t scan(JsonReader& reader, const char* text, std::size_t begin, Read&& read) {
    return reader.object(begin, [&](std::size_t k, std::size_t k_end, std::size_t v) {
      const std::size_t i = index_of({text + k, k_end - k});
      if (i == count) return reader.value(v);
      if (spans_[i]) {
        if (repeated_.empty()) repeated_ = names[i];
        return reader.value(v);
      }
      const std::size_t v_end = read(i, v);
      spans_[i] = span_of(v, v_end);
      return v_end;
    });
  }
  Span operator[](std::size_t i) const { return spans_[i]; }
  /// A name that stands twice, or nothing.
  std::string_view repeated() const { return repeated_; }

 private:
  static constexpr std::size_t count = names.size();

  static std::size_t index_of(std::string_view key) {
    const std::string_view inner(key.data() + 1, key.size() - 2);
    // Spelled out for each name: the compiler knows how long it is.
    std::size_t found = count;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      static_cast<void>(((inner == names[I] && (found = I, true)) || ...));
    }(std::make_index_sequence<count>());
    if (found < count || inner.find('\\') == std::string_view::npos) return found;
    found = 0;
    while (found < count && !cursor::key_is(key, names[found])) ++found;
    return found;
  }

  std::array<Span, count> spans_{};
  std::string_view repeated_;
};

enum TopName : std::size_t { top_jsonrpc, top_id, top_method, top_params, top_result, top_error };
constexpr std::array<std::string_view, 6> top_names = {
    "jsonrpc", "id", "method", "params", "result", "error",
};

enum ParamName : std::size_t {
  param_name,
  param_uri,
  param_meta,
  param_request_id,
  param_cursor,
  param_arguments,
  param_progress_token,
};
constexpr std::array<std::string_view, 7> param_names = {
    "name", "uri", "_meta", "requestId", "cursor", "arguments", "progressToken",
};

enum MetaName : std::size_t { meta_progress_token };
constexpr std::array<std::string_view, 1> meta_names = {"progressToken"};

/// A string, or a number without fraction or exponent (JSON-RPC 2.0 §4; MCP forbids null in
/// requests).
bool is_usable_id(std::string_view raw) {
  if (is_string(raw)) return true;
  if (raw.starts_with('-')) raw.remove_prefix(1);
  return !raw.empty() && std::ranges::all_of(raw, [](char c) { return c >= '0' && c <= '9'; });
}

FrameError invalid(std::string message, std::string_view id = {}) {
  return {
      .code = -32600,
      .message = std::move(message),
      .id = is_usable_id(id) ? std::string(id) : std::string(),
  };
}

FrameError not_json(const std::string& wrong) { return {-32700, "Parse error: " + wrong, {}}; }

}  // namespace

struct Frame::Top : Finder<top_names> {};
const Frame::Texts Frame::no_texts;

std::expected<Frame, FrameError> Frame::parse(std::string bytes, const JsonLimits& limits) {
  std::expected<Frame, FrameError> frame;
  frame->bytes_ = std::move(bytes);
  if (auto wrong = frame->read(limits)) frame = std::unexpected(std::move(*wrong));
  return frame;
}

std::optional<FrameError> Frame::read(const JsonLimits& limits) {
  if (bytes_.size() >= std::numeric_limits<std::uint32_t>::max()) {
    return invalid("the message is larger than 4 GiB");
  }
  const char* const text = bytes_.data();
  JsonReader reader(bytes_, limits.max_depth);
  Top top;
  Finder<param_names> params;
  Finder<meta_names> meta;
  const auto plain = [&](std::size_t, std::size_t v) { return reader.value(v); };
  const auto in_params = [&](std::size_t i, std::size_t v) {
    return i == param_meta && reader.peek(v) == '{' ? meta.scan(reader, text, v, plain)
                                                    : reader.value(v);
  };
  const auto in_message = [&](std::size_t i, std::size_t v) {
    return i == top_params && reader.peek(v) == '{' ? params.scan(reader, text, v, in_params)
                                                    : reader.value(v);
  };
  const std::size_t begin = reader.space(0);
  const bool object = reader.peek(begin) == '{';
  const std::size_t end = object ? top.scan(reader, text, begin, in_message) : reader.value(begin);
  if (end == JsonReader::failed || reader.end(end) == JsonReader::failed) {
    return not_json(reader.wrong());
  }
  if (!object) return invalid("a message must be a JSON object");
  for (const std::string_view name : {top.repeated(), params.repeated(), meta.repeated()}) {
    if (name.empty()) continue;
    return invalid(
        fmt::format("the key \"{}\" stands twice", name),
        top.repeated() == "id" ? std::string_view() : view(top[top_id])
    );
  }
  if (const char* wrong = keep(top)) return invalid(wrong, view(id_));
  if (!top[top_method]) return std::nullopt;
  name_ = params[param_name];
  uri_ = params[param_uri];
  meta_ = params[param_meta];
  request_id_ = params[param_request_id];
  texts_ = std::make_shared<const Texts>(text_of(top[top_method]), text_of(name_), text_of(uri_));
  const bool is_progress = method() == "notifications/progress";
  progress_token_ = is_progress ? params[param_progress_token] : meta[meta_progress_token];
  return std::nullopt;
}

const char* Frame::keep(const Top& top) {
  id_ = top[top_id];
  const std::string_view params = view(top[top_params]);
  const Span result = top[top_result];
  const Span error = top[top_error];
  if (view(top[top_jsonrpc]) != R"("2.0")" && text_of(top[top_jsonrpc]) != "2.0") {
    return "\"jsonrpc\" must be \"2.0\"";
  }
  if (!params.empty() && !is_object(params) && !is_array(params)) {
    return "\"params\" must be an object or an array";
  }
  if (result && error) return "a response has either \"result\" or \"error\"";
  if (top[top_method]) {
    if (result || error) return "a message has either \"method\" or \"result\" or \"error\"";
    const std::string_view method = view(top[top_method]);
    if (!is_string(method) || method.size() == 2) {
      return "\"method\" must be a string that is not empty";
    }
    kind_ = id_ ? Kind::request : Kind::notification;
    body_ = top[top_params];
  } else if (result || error) {
    kind_ = result ? Kind::result : Kind::error;
    if (result && !id_) return "a result needs an \"id\"";
    body_ = result ? result : error;
  } else {
    return "a message needs \"method\", \"result\" or \"error\"";
  }
  if (id_ && !is_usable_id(id()) && !(kind_ == Kind::error && is_null(id()))) {
    return "\"id\" must be a string or an integer";
  }
  return nullptr;
}

std::string Frame::text_of(Span raw) const {
  if (!is_string(view(raw))) return {};
  const std::string_view inner = view({raw.begin + 1, raw.size - 2});
  const bool plain = cursor::plain_run<false>(bytes_, raw.begin + 1) == raw.begin + raw.size - 1;
  return plain ? std::string(inner) : unescape(view(raw));
}

std::string Frame::spliced(std::initializer_list<Edit> edits) const {
  // As many as a call has, at most, need no memory.
  constexpr std::size_t few = 4;
  if (edits.size() > few) return spliced(std::vector<Edit>(edits));
  std::array<Edit, few> sorted;
  auto* end = sorted.data();
  for (const Edit& edit : edits) {
    auto* place = end++;
    for (; place != sorted.data() && place[-1].at.begin > edit.at.begin; --place)
      *place = place[-1];
    *place = edit;
  }
  return splice(std::span(sorted.data(), end));
}

std::string Frame::spliced(std::vector<Edit> edits) const {
  std::ranges::sort(edits, {}, [](const Edit& edit) { return edit.at.begin; });
  return splice(edits);
}

std::string Frame::splice(std::span<const Edit> edits) const {
  std::size_t size = bytes_.size();
  for (const Edit& edit : edits) {
    if (edit.at) size += edit.text.size() - edit.at.size;
  }
  std::string out;
  out.resize_and_overwrite(size, [&](char* to, std::size_t) {
    const char* from = bytes_.data();
    for (const Edit& edit : edits) {
      if (!edit.at) continue;  // what is absent cannot be replaced
      to = std::copy(from, bytes_.data() + edit.at.begin, to);
      to = std::copy(edit.text.begin(), edit.text.end(), to);
      from = bytes_.data() + edit.at.begin + edit.at.size;
    }
    std::copy(from, bytes_.data() + bytes_.size(), to);
    return size;
  });
  return out;
}

bool is_batch(std::string_view bytes) {
  const std::size_t at = cursor::skip_space(bytes, 0);
  return at < bytes.size() && bytes[at] == '[';
}

std::expected<std::vector<std::string>, FrameError> split_batch(
    std::string_view bytes, const JsonLimits& limits
) {
  if (auto wrong = validate(bytes, limits)) return std::unexpected(not_json(*wrong));
  if (!is_batch(bytes)) return std::unexpected(invalid("a batch must be an array"));
  std::vector<std::string> out;
  for_each_element(bytes, [&out](std::string_view element) {
    out.emplace_back(element);
    return true;
  });
  if (out.empty()) return std::unexpected(invalid("a batch must not be empty"));
  return out;
}

}  // namespace mooring::protocol
