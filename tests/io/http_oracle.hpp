#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// Boost.Beast's parser beside ours: two that were written apart should read the same bytes alike.
namespace mooring::io::oracle {

/// What a reader makes of bytes: of the first message in them.
struct Reading {
  enum class Verdict { more, done, failed };
  Verdict verdict = Verdict::more;
  std::string text;       ///< start line, fields, what is known of the framing, body
  std::string error;      ///< where it failed
  std::size_t taken = 0;  ///< of a message that is done
};

/// Hands `text` on in pieces until one is not wanted any more.
using Cuts =
    std::function<void(std::string_view text, const std::function<bool(std::string_view)>& feed)>;

Reading beast_request(std::string_view text);
Reading beast_response(std::string_view text, bool without_body);
Reading read_request(std::string_view text, const Cuts& cuts);
Reading read_response(std::string_view text, bool without_body, const Cuts& cuts);

/// Empty where ours reads `text` as Beast does, however it is cut, or differs from it as it means
/// to (http_oracle.cpp has the table); else what is different.
std::string compare_request(std::string_view text, const Cuts& cuts);
std::string compare_response(std::string_view text, const Cuts& cuts);

}  // namespace mooring::io::oracle
