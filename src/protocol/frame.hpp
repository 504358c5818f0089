#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/json_scan.hpp"

namespace mooring::protocol {

/// A piece of a message's bytes. Absent: size 0.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  explicit operator bool() const { return size != 0; }
};

/// Why bytes are not a JSON-RPC message, ready to be answered (JSON-RPC 2.0 §5.1).
struct FrameError {
  int code = -32700;    ///< −32700 parse error, −32600 invalid request
  std::string message;  ///< one sentence
  std::string id;       ///< raw id token where it could be read, else empty
};

/// One JSON-RPC message, kept as the bytes it came in. Parsed once: validated whole, and the places
/// that routing needs are remembered. Everything else (unknown fields, number forms, key order)
/// passes unread.
///
/// Refused with −32600: not an object; `jsonrpc` missing or not "2.0"; id that is null, fractional,
/// or not a string or number (null is accepted on an error response); `method` not a string or
/// empty; `params` that is neither object nor array; neither method nor result nor error, or more
/// than one of them; a result without id; repeated `jsonrpc`, `id`, `method`, `params`, `result`,
/// `error` at the top, or repeated `name`, `uri`, `_meta`, `requestId`, `cursor`, `arguments` in
/// params, or repeated `progressToken` in `_meta` (keys compared after unescaping).
class Frame {
 public:
  enum class Kind : std::uint8_t { request, notification, result, error };

  /// Takes one message. Batches (arrays) are refused here: see `split_batch`.
  static std::expected<Frame, FrameError> parse(std::string bytes, const JsonLimits& limits = {});

  Kind kind() const { return kind_; }
  bool is_request() const { return kind_ == Kind::request; }
  bool is_notification() const { return kind_ == Kind::notification; }
  bool is_response() const { return kind_ == Kind::result || kind_ == Kind::error; }

  const std::string& bytes() const { return bytes_; }
  std::string release() && { return std::move(bytes_); }
  std::string_view view(Span span) const { return {bytes_.data() + span.begin, span.size}; }

  /// Raw tokens as they stand in the bytes; empty where absent.
  std::string_view id() const { return view(id_); }
  std::string_view params() const { return view(params_span()); }
  std::string_view meta() const { return view(meta_); }  ///< params._meta
  /// params._meta.progressToken, or params.progressToken of notifications/progress.
  std::string_view progress_token() const { return view(progress_token_); }
  /// params.requestId (notifications/cancelled).
  std::string_view request_id() const { return view(request_id_); }
  std::string_view result() const { return view(kind_ == Kind::result ? body_ : Span{}); }
  std::string_view error() const { return view(kind_ == Kind::error ? body_ : Span{}); }
  /// Unescaped.
  const std::string& method() const { return texts().method; }
  /// Unescaped params.name / params.uri; empty where absent or not a string.
  const std::string& name() const { return texts().name; }
  const std::string& uri() const { return texts().uri; }

  Span id_span() const { return id_; }
  Span params_span() const { return is_response() ? Span{} : body_; }
  Span name_span() const { return name_; }
  Span uri_span() const { return uri_; }
  Span meta_span() const { return meta_; }
  Span progress_token_span() const { return progress_token_; }
  Span request_id_span() const { return request_id_; }

  struct Edit {
    Span at;  ///< replaced; must not overlap another edit; an absent one is passed over
    std::string_view text;
  };
  /// The bytes with the edits applied, in one allocation. Order of the list does not matter.
  std::string spliced(std::initializer_list<Edit> edits) const;
  std::string spliced(std::vector<Edit> edits) const;

 private:
  /// What is unescaped when it is read, once.
  struct Texts {
    std::string method, name, uri;
  };
  struct Top;

  const Texts& texts() const { return texts_ ? *texts_ : no_texts; }
  /// Reads the bytes; what is wrong with them, or nothing.
  std::optional<FrameError> read(const JsonLimits& limits);
  /// Keeps the members of the message itself but its method; what is wrong with them, or null.
  const char* keep(const Top& top);
  /// The text of a raw string token; empty where it is none.
  std::string text_of(Span raw) const;
  std::string splice(std::span<const Edit> in_order) const;

  static const Texts no_texts;

  std::string bytes_;
  std::shared_ptr<const Texts> texts_;  ///< none: a response; copies share them
  Span id_, body_, name_, uri_, meta_, progress_token_, request_id_;
  Kind kind_ = Kind::notification;
};

/// True when the first character of the text, white space aside, opens an array.
bool is_batch(std::string_view bytes);
/// The raw elements of a batch. Refused: invalid JSON (−32700), an empty array (−32600).
std::expected<std::vector<std::string>, FrameError> split_batch(
    std::string_view bytes, const JsonLimits& limits = {}
);

}  // namespace mooring::protocol
