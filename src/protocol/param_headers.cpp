#include "protocol/param_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "protocol/header_value.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::protocol {
namespace {

constexpr std::string_view annotation = "x-mcp-header";
constexpr std::size_t max_depth = 64;

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

/// Walks a schema; what is found where no annotation may be is the fault.
class Collector {
 public:
  bool walk(std::string_view schema, bool reachable, std::size_t depth) {
    if (!is_object(schema)) return true;
    if (depth > max_depth) return fail("the input schema is nested too deep");
    bool ok = true;
    for_each_member(schema, [&](std::string_view raw_key, std::string_view value) {
      const auto key = unescape(raw_key);
      if (key == annotation) {
        ok = take(schema, value, reachable);
      } else if (key == "properties") {
        ok = properties(value, reachable, depth);
      } else if (is_schema_map(key)) {
        for_each_member(value, [&](std::string_view, std::string_view inner) {
          return ok = walk(inner, false, depth + 1);
        });
      } else if (!is_data(key)) {
        ok = below(value, depth);
      }
      return ok;
    });
    return ok;
  }

  std::vector<ParamHeader> found;
  std::string fault;

 private:
  static bool is_schema_map(std::string_view key) {
    return key == "$defs" || key == "definitions" || key == "patternProperties" ||
           key == "dependentSchemas";
  }
  static bool is_data(std::string_view key) {
    return key == "default" || key == "const" || key == "enum" || key == "examples";
  }

  bool fail(std::string why) {
    fault = std::move(why);
    return false;
  }

  bool properties(std::string_view value, bool reachable, std::size_t depth) {
    bool ok = true;
    for_each_member(value, [&](std::string_view name, std::string_view schema) {
      path_.push_back(unescape(name));
      ok = walk(schema, reachable, depth + 1);
      path_.pop_back();
      return ok;
    });
    return ok;
  }

  bool below(std::string_view value, std::size_t depth) {
    if (is_object(value)) return walk(value, false, depth + 1);
    bool ok = true;
    if (is_array(value)) {
      for_each_element(value, [&](std::string_view inner) {
        return ok = walk(inner, false, depth + 1);
      });
    }
    return ok;
  }

  bool take(std::string_view schema, std::string_view value, bool reachable) {
    ParamHeader header;
    header.name = unescape(value);
    header.path = path_;
    if (!is_string(value) || !is_token(header.name))
      return fail(fmt::format("x-mcp-header {} is no header name", value));
    if (!reachable || path_.empty()) {
      return fail(fmt::format(
          "x-mcp-header {} stands where no argument can be found by its properties", header.name
      ));
    }
    const auto type = string_member(schema, "type");
    if (type == "string") {
      header.type = ParamHeader::Type::string;
    } else if (type == "integer") {
      header.type = ParamHeader::Type::integer;
    } else if (type == "boolean") {
      header.type = ParamHeader::Type::boolean;
    } else {
      return fail(fmt::format(
          "x-mcp-header {} stands at something else than a string, integer or boolean", header.name
      ));
    }
    const auto twice = [&](const ParamHeader& other) {
      return lower_name(other.name) == lower_name(header.name);
    };
    if (std::ranges::any_of(found, twice))
      return fail(fmt::format("x-mcp-header {} is used twice", header.name));
    found.push_back(std::move(header));
    return true;
  }

  std::vector<std::string> path_;
};

/// Decimal digits of a whole number, also where it is written 5.0 or 5e0.
std::optional<std::string> whole_number(std::string_view raw) {
  double number = 0;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
  if (error != std::errc{} || end != raw.data() + raw.size()) return std::nullopt;
  if (raw.find_first_of(".eE") == std::string_view::npos) return std::string(raw);
  if (std::trunc(number) != number || std::abs(number) > 9e15) return std::nullopt;
  return std::to_string(static_cast<long long>(number));
}

}  // namespace

std::expected<std::vector<ParamHeader>, std::string> param_headers(std::string_view input_schema) {
  if (input_schema.find(annotation) == std::string_view::npos) return std::vector<ParamHeader>();
  Collector collector;
  if (!collector.walk(input_schema, true, 0)) return std::unexpected(std::move(collector.fault));
  return std::move(collector.found);
}

std::optional<std::string> header_text(const ParamHeader& header, std::string_view arguments) {
  auto value = std::optional(arguments);
  for (const auto& step : header.path) {
    value = member(*value, step);
    if (!value) return std::nullopt;
  }
  if (is_null(*value)) return std::nullopt;
  if (is_string(*value)) return unescape(*value);
  if (header.type == ParamHeader::Type::integer) {
    if (auto number = whole_number(*value)) return number;
  }
  return std::string(*value);
}

bool agrees(const ParamHeader& header, std::string_view value, std::string_view text) {
  const auto decoded = decode_header_value(value);
  if (!decoded) return false;
  if (*decoded == text) return true;
  if (header.type != ParamHeader::Type::integer) return false;
  const auto a = whole_number(*decoded);
  const auto b = whole_number(text);
  return a && b && *a == *b;
}

}  // namespace mooring::protocol
