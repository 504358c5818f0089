#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace mooring::integration {

namespace json = boost::json;

inline json::value parse(std::string_view text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  return error ? json::value("not JSON: " + std::string(text)) : value;
}

/// The value at an RFC 6901 pointer; null where there is none.
inline json::value at(const json::value& from, std::string_view pointer) {
  boost::system::error_code error;
  const auto* found = from.find_pointer(pointer, error);
  return found == nullptr ? json::value() : *found;
}

/// The text at a pointer; empty where there is none.
inline std::string text(const json::value& from, std::string_view pointer) {
  const auto found = at(from, pointer);
  return found.is_string() ? std::string(found.as_string()) : std::string();
}

}  // namespace mooring::integration
