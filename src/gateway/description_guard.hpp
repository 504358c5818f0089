#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::gateway {

/// Looks for text that talks to the model instead of describing the tool ("ignore previous instructions", "do not tell the user",
/// hidden HTML comments, …). One sentence about what was found, or nothing. It is a warning, never a verdict.
std::optional<std::string> suspicious(std::string_view description);
/// Without invisible characters that can carry hidden text: Unicode TAG (U+E0000–E007F), zero-width and bidi controls.
/// `definition` is a tool's, prompt's or resource's raw JSON; only strings that hold such characters change.
std::string without_invisible(std::string_view definition);

}  // namespace mooring::gateway
