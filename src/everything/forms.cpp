#include "everything/forms.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"

namespace mooring::everything {
namespace {

/// The raw content of an accepted form.
std::string_view content(std::string_view result) {
  if (protocol::string_member(result, "action") != "accept") return "{}";
  return protocol::member(result, "content").value_or("{}");
}

}  // namespace

std::string form(std::string_view message, std::string_view field, std::string_view type) {
  return fmt::format(
      R"({{"message":"{}","requestedSchema":{{"type":"object","properties":{{"{}":{{"type":"{}"}}}},"required":["{}"]}}}})",
      message, field, type, field
  );
}

std::string field_of(std::string_view result, std::string_view field) {
  return protocol::string_member(content(result), field);
}

bool agreed(std::string_view result, std::string_view field) {
  const auto value = protocol::member(content(result), field);
  return value && protocol::is_true(*value);
}

}  // namespace mooring::everything
