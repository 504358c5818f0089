#pragma once

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::everything {

/// The arguments of a tool or prompt, as they came.
class Arguments {
 public:
  /// Anything but an object (absent included) counts as no arguments.
  explicit Arguments(std::string_view raw) {
    boost::system::error_code error;
    auto value = boost::json::parse(boost::json::string_view(raw.data(), raw.size()), error);
    if (!error && value.is_object()) members_ = std::move(value.get_object());
  }

  std::optional<std::string> text(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string());
  }
  std::optional<double> number(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
  }
  /// 3.0 counts, as in JSON Schema.
  std::optional<std::int64_t> integer(std::string_view key) const {
    auto value = number(key);
    if (!value || std::trunc(*value) != *value || std::abs(*value) > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(*value);
  }
  std::optional<bool> boolean(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr || !value->is_bool()) return std::nullopt;
    return value->get_bool();
  }

 private:
  const boost::json::value* find(std::string_view key) const {
    return members_.if_contains(boost::json::string_view(key.data(), key.size()));
  }
  boost::json::object members_;
};

}  // namespace mooring::everything
