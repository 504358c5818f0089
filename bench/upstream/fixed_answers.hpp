#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mooring::bench {

/// How an answer is wrapped.
enum class Framing : std::uint8_t {
  json,    ///< HTTP, a JSON body
  events,  ///< HTTP, a stream of one event
  line,    ///< stdio
};

/// An MCP server whose answers are known beforehand: one session for everybody, tools that all
/// return the same text. Costs as little as a peer can, so that what stands before it is measured.
class FixedAnswers {
 public:
  FixedAnswers(unsigned tools, std::size_t text_bytes);

  /// Appends the HTTP response to one request. `/events` answers with event streams, every other
  /// path with JSON.
  void answer(
      std::string_view method, std::string_view target, std::string_view body, std::string& out
  ) const;
  /// Appends the answer to one line of a client on stdio, if it takes one.
  void answer_line(std::string_view line, std::string& out) const;

 private:
  void message(std::string_view body, Framing framing, std::string& out) const;

  std::string tool_list_;  ///< raw result object
  std::string result_;     ///< raw result object of a call
};

}  // namespace mooring::bench
