#pragma once

#include <string>
#include <string_view>

namespace mooring::gateway {

/// A tool's input schema as a valid JSON Schema 2020-12 object schema (`schemas: normalize`): `definitions` becomes `$defs` and
/// refs follow, a missing root `type` becomes "object", `required` names only properties that exist. Everything else is kept.
std::string normalize_schema(std::string_view schema);

}  // namespace mooring::gateway
