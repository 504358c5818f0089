#pragma once

#include <cstdint>
#include <string_view>

namespace mooring::io {

/// Takes chunked coding apart (RFC 9112 §7.1). Extensions and trailer fields are checked and
/// dropped; a trailer field that is about framing is refused.
class HttpChunkReader {
 public:
  enum class State { size, data, data_end, trailer, done, failed };

  void reset() { *this = HttpChunkReader(); }
  /// Takes framing, at most one piece of data, and the framing behind it; returns how many bytes.
  /// The rest has to be offered again, with more behind it when nothing was taken.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  const char* error() const { return error_; }
  /// What the last `feed` found, a view into its argument.
  std::string_view piece() const { return piece_; }

 private:
  static constexpr std::size_t most_framing =
      8 * 1024;  ///< of one chunk's line, or of all trailers

  std::size_t read_framing(std::string_view bytes);
  const char* read_size(const char* line, const char* last);
  const char* read_data_end(const char* p, const char* last);
  const char* read_trailer(const char* line, const char* last);
  const char* read_extensions(const char* p, const char* last);
  const char* read_extension(const char* p, const char* last);
  const char* read_quoted(const char* p, const char* last);
  const char* read_line_end(const char* p, const char* last, const char* otherwise);
  const char* fail(const char* error);

  std::string_view piece_;
  const char* error_ = nullptr;
  std::uint64_t left_ = 0;  ///< of the chunk's data
  std::size_t looked_ = 0;  ///< bytes of a line whose end was not among them
  std::size_t trailer_bytes_ = 0;
  State state_ = State::size;
};

}  // namespace mooring::io
