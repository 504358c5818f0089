#include "protocol/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "protocol/json_cursor.hpp"
#include "protocol/json_validate.hpp"

namespace mooring::protocol {
namespace {

Span span_of(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
}

/// Finds the members that matter in one object, each at most once.
template <std::size_t N>
class Finder {
 public:
  Finder(std::string_view text, const std::array<std::string_view, N>& names)
      : text_(text), names_(names) {}

  /// Looks at every member of the object at `begin` and returns where it ends. `descend(i, value)`
  /// may look into the value of the i-th name on the way and says where it ends.
  template <class Descend>
  std::size_t scan(std::size_t begin, Descend&& descend) {
    return cursor::walk(text_, begin, [&](std::size_t k, std::size_t k_end, std::size_t v) {
      const std::size_t i = index_of(text_.substr(k, k_end - k));
      if (i == N) return cursor::skip_value(text_, v);
      if (spans_[i]) {
        if (repeated_.empty()) repeated_ = names_[i];
        return cursor::skip_value(text_, v);
      }
      const std::size_t v_end = descend(i, v);
      spans_[i] = span_of(v, v_end);
      return v_end;
    });
  }
  std::size_t scan(std::size_t begin) {
    return scan(begin, [this](std::size_t, std::size_t v) { return cursor::skip_value(text_, v); });
  }
  Span operator[](std::size_t i) const { return spans_[i]; }
  /// A name that stands twice, or nothing.
  std::string_view repeated() const { return repeated_; }

 private:
  std::size_t index_of(std::string_view key) const {
    const std::string_view inner = key.substr(1, key.size() - 2);
    std::size_t i = 0;
    while (i < N && inner != names_[i]) ++i;
    if (i < N || inner.find('\\') == std::string_view::npos) return i;
    i = 0;
    while (i < N && !cursor::key_is(key, names_[i])) ++i;
    return i;
  }

  std::string_view text_;
  const std::array<std::string_view, N>& names_;
  std::array<Span, N> spans_{};
  std::string_view repeated_;
};

enum Top : std::size_t { top_jsonrpc, top_id, top_method, top_params, top_result, top_error };
constexpr std::array<std::string_view, 6> top_names = {
    "jsonrpc", "id", "method", "params", "result", "error",
};

enum Param : std::size_t {
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

enum Meta : std::size_t { meta_progress_token };
constexpr std::array<std::string_view, 1> meta_names = {"progressToken"};

/// A string, or a number without fraction or exponent (JSON-RPC 2.0 §4; MCP forbids null in
/// requests).
bool is_usable_id(std::string_view raw) {
  if (is_string(raw)) return true;
  if (raw.empty() || (raw[0] != '-' && (raw[0] < '0' || raw[0] > '9'))) return false;
  return raw.find_first_of(".eE") == std::string_view::npos;
}

std::unexpected<FrameError> invalid(std::string message, std::string_view id = {}) {
  return std::unexpected(FrameError{
      .code = -32600,
      .message = std::move(message),
      .id = is_usable_id(id) ? std::string(id) : std::string(),
  });
}

std::unexpected<FrameError> repeated_key(std::string_view name, std::string_view id) {
  return invalid(
      fmt::format("the key \"{}\" stands twice", name), name == "id" ? std::string_view() : id
  );
}

std::string text_of(std::string_view raw) { return is_string(raw) ? unescape(raw) : std::string(); }

}  // namespace

std::expected<Frame, FrameError> Frame::parse(std::string bytes, const JsonLimits& limits) {
  if (bytes.size() >= std::numeric_limits<std::uint32_t>::max()) {
    return invalid("the message is larger than 4 GiB");
  }
  Frame frame;
  frame.bytes_ = std::move(bytes);
  if (auto wrong = validate_padded(frame.bytes_, limits)) {
    return std::unexpected(FrameError{-32700, "Parse error: " + *wrong, {}});
  }
  const std::string_view text = frame.bytes_;
  const std::size_t begin = cursor::skip_space(text, 0);
  if (text[begin] != '{') return invalid("a message must be a JSON object");

  Finder<top_names.size()> top(text, top_names);
  Finder<param_names.size()> params(text, param_names);
  Finder<meta_names.size()> meta(text, meta_names);
  const auto into_params = [&](std::size_t i, std::size_t v) {
    return i == param_meta && text[v] == '{' ? meta.scan(v) : cursor::skip_value(text, v);
  };
  top.scan(begin, [&](std::size_t i, std::size_t v) {
    return i == top_params && text[v] == '{' ? params.scan(v, into_params)
                                             : cursor::skip_value(text, v);
  });
  const std::string_view id = frame.view(top[top_id]);
  for (const std::string_view name : {top.repeated(), params.repeated(), meta.repeated()}) {
    if (!name.empty()) return repeated_key(name, top.repeated() == "id" ? std::string_view() : id);
  }
  if (auto wrong = frame.take_top(
          top[top_jsonrpc], top[top_id], top[top_method], top[top_params], top[top_result],
          top[top_error]
      )) {
    return invalid(std::move(*wrong), id);
  }
  frame.name_span_ = params[param_name];
  frame.uri_span_ = params[param_uri];
  frame.meta_ = params[param_meta];
  frame.request_id_ = params[param_request_id];
  frame.name_ = text_of(frame.view(frame.name_span_));
  frame.uri_ = text_of(frame.view(frame.uri_span_));
  const bool is_progress = frame.method_ == "notifications/progress";
  frame.progress_token_ = is_progress ? params[param_progress_token] : meta[meta_progress_token];
  return frame;
}

std::optional<std::string> Frame::take_top(
    Span jsonrpc, Span id, Span method, Span params, Span result, Span error
) {
  id_ = id;
  params_ = params;
  result_ = result;
  error_ = error;
  if (view(jsonrpc) != R"("2.0")" && text_of(view(jsonrpc)) != "2.0")
    return "\"jsonrpc\" must be \"2.0\"";
  if (params && !is_object(view(params)) && !is_array(view(params))) {
    return "\"params\" must be an object or an array";
  }
  if (result && error) return "a response has either \"result\" or \"error\"";
  if (method) {
    if (result || error) return "a message has either \"method\" or \"result\" or \"error\"";
    method_ = text_of(view(method));
    if (method_.empty()) return "\"method\" must be a string that is not empty";
    kind_ = id ? Kind::request : Kind::notification;
  } else if (result || error) {
    kind_ = result ? Kind::result : Kind::error;
    if (result && !id) return "a result needs an \"id\"";
  } else {
    return "a message needs \"method\", \"result\" or \"error\"";
  }
  if (id && !is_usable_id(view(id)) && !(kind_ == Kind::error && is_null(view(id)))) {
    return "\"id\" must be a string or an integer";
  }
  return std::nullopt;
}

std::string Frame::spliced(std::initializer_list<Edit> edits) const {
  // As many as a call has, at most, need no memory.
  constexpr std::size_t few = 4;
  if (edits.size() > few) return spliced(std::vector<Edit>(edits));
  std::array<Edit, few> sorted;
  const auto end = std::ranges::copy(edits, sorted.begin()).out;
  std::ranges::sort(sorted.begin(), end, {}, [](const Edit& edit) { return edit.at.begin; });
  return splice(std::span(sorted.begin(), end));
}

std::string Frame::spliced(std::vector<Edit> edits) const {
  std::ranges::sort(edits, {}, [](const Edit& edit) { return edit.at.begin; });
  return splice(edits);
}

std::string Frame::splice(std::span<const Edit> edits) const {
  constexpr std::size_t spare = 64;  // for the padding, should the result be parsed again
  std::size_t size = bytes_.size() + spare;
  for (const Edit& edit : edits) size += edit.text.size();
  std::string out;
  out.reserve(size);
  std::size_t copied = 0;
  for (const Edit& edit : edits) {
    if (!edit.at) continue;  // what is absent cannot be replaced
    out.append(bytes_, copied, edit.at.begin - copied).append(edit.text);
    copied = edit.at.begin + edit.at.size;
  }
  out.append(bytes_, copied);
  return out;
}

bool is_batch(std::string_view bytes) {
  const std::size_t at = cursor::skip_space(bytes, 0);
  return at < bytes.size() && bytes[at] == '[';
}

std::expected<std::vector<std::string>, FrameError> split_batch(
    std::string_view bytes, const JsonLimits& limits
) {
  if (auto wrong = validate(bytes, limits)) {
    return std::unexpected(FrameError{-32700, "Parse error: " + *wrong, {}});
  }
  if (!is_batch(bytes)) return invalid("a batch must be an array");
  std::vector<std::string> out;
  for_each_element(bytes, [&out](std::string_view element) {
    out.emplace_back(element);
    return true;
  });
  if (out.empty()) return invalid("a batch must not be empty");
  return out;
}

}  // namespace mooring::protocol
