#pragma once

#include <string_view>

#include "io/http_fields.hpp"

namespace mooring::server {

/// Whether a Content-Type is that of JSON, whatever its parameters.
inline bool is_json(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return io::equals_ignoring_case(type, "application/json");
}

/// Whether an Accept lets a type through; an absent one accepts everything.
inline bool accepts(std::string_view accept, std::string_view type) {
  return accept.empty() || accept.contains(type) || accept.contains("*/*");
}

}  // namespace mooring::server
