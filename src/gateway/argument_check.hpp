#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mooring::gateway {

/// What is wrong with a tool's arguments.
struct ArgumentFault {
  std::string path;  ///< JSON Pointer into the arguments; empty: the arguments as a whole
  std::string what;  ///< "must be string, is number"
};

/// Checks arguments against a tool's input schema (JSON Schema 2020-12; the older forms of
/// `items`, `definitions` and `exclusiveMinimum` as well). Says no only where the schema does: what
/// it cannot judge (`format`, `unevaluated…`, refs out of the document, patterns beyond RE2, a
/// schema that asks for too much work) passes, the server will see to it. Both are validated JSON;
/// empty `arguments` stand for {}.
std::optional<ArgumentFault> check_arguments(std::string_view schema, std::string_view arguments);

}  // namespace mooring::gateway
