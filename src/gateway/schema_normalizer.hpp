#pragma once

#include <string>
#include <string_view>

namespace mooring::gateway {

/// A tool's input schema as a valid JSON Schema 2020-12 object schema (`schemas: normalize`).
/// Changed, where it is needed: `definitions` becomes `$defs`, a tuple's `items` and
/// `additionalItems` become `prefixItems` and `items`, and local refs follow; the root's `type`
/// becomes "object", its `$schema` names 2020-12; a boolean `exclusiveMinimum`/`Maximum` takes the
/// bound; `required` names only properties that exist (where properties cannot come from elsewhere:
/// allOf, $ref, …). Everything else is kept, and a schema that needs nothing comes back byte for
/// byte. `schema` is validated JSON.
std::string normalize_schema(std::string_view schema);

}  // namespace mooring::gateway
