#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mooring::gateway {

/// Looks for text that talks to the model instead of describing the tool ("ignore previous
/// instructions", "do not tell the user", hidden HTML comments, …). One sentence about what was
/// found, or nothing. It is a warning, never a verdict.
std::optional<std::string> suspicious(std::string_view description);
/// Every text in a raw definition (names, titles, descriptions, also those of parameters),
/// unescaped and separated by U+001E: what `suspicious` should look at.
std::string readable_text(std::string_view definition);
/// Without invisible characters that can carry hidden text: Unicode TAG (U+E0000–E007F), zero-width
/// and bidi controls. A zero-width joiner or non-joiner between two characters of a script or emoji
/// that needs it stays. `definition` is a tool's, prompt's or resource's raw JSON; only strings
/// that hold such characters change.
std::string without_invisible(std::string_view definition);

}  // namespace mooring::gateway
