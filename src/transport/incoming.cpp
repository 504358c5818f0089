#include "transport/incoming.hpp"

#include "core/utf8.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::transport {

using protocol::Frame;
using protocol::FrameError;

std::expected<std::vector<Frame>, FrameError> parse_messages(std::string bytes) {
  std::vector<Frame> messages;
  if (!protocol::is_batch(bytes)) {
    auto frame = Frame::parse(std::move(bytes));
    if (!frame) return std::unexpected(std::move(frame.error()));
    messages.push_back(std::move(*frame));
    return messages;
  }
  auto elements = protocol::split_batch(bytes);
  if (!elements) return std::unexpected(std::move(elements.error()));
  FrameError first_error;
  for (auto& element : *elements) {
    auto frame = Frame::parse(std::move(element));
    if (frame) {
      messages.push_back(std::move(*frame));
    } else if (first_error.message.empty()) {
      first_error = std::move(frame.error());
    }
  }
  if (messages.empty()) return std::unexpected(std::move(first_error));
  return messages;
}

bool answers(const Frame& frame, std::string_view id) {
  return frame.is_response() && !id.empty() && frame.id() == id;
}

bool is_anonymous_error(const Frame& frame) {
  if (frame.kind() != Frame::Kind::error) return false;
  const auto id = frame.id();
  return id.empty() || id == "null" || id == R"("")" || id == R"("server-error")";
}

Frame with_id(Frame response, std::string_view id) {
  if (response.id() == id) return response;
  auto renamed = Frame::parse(protocol::with_member(response.bytes(), "id", id));
  if (!renamed) return response;
  return std::move(*renamed);
}

std::string excerpt(std::string_view bytes, std::size_t max) {
  std::string text;
  bool blank = false;
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (code <= ' ' || code == 0x7f) {
      blank = !text.empty();
      continue;
    }
    if (text.size() >= max) {
      // Not inside a UTF-8 sequence.
      while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80)
        text.pop_back();
      if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
      return core::sound_utf8(text) + "…";
    }
    if (blank) text += ' ';
    blank = false;
    text += c;
  }
  return core::sound_utf8(text);
}

}  // namespace mooring::transport
