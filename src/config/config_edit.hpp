#pragma once

#include <cstdint>
#include <mooring/result.hpp>
#include <string>
#include <string_view>

#include "config/document.hpp"

/// Changes to a configuration that somebody has written: everything else in its text stays as it
/// is, comments, order and layout.
namespace mooring::config {

enum class Taken : std::uint8_t { refuse, replace };

/// `text` with one more server: behind the others, or in the place of the one of that name, whose
/// inner comments go with it. `file` is what messages call it; a name that ends in .json makes an
/// empty text JSON. The result was parsed again and holds exactly the old servers and the new one.
/// Reason::config: the text has errors, or a form that cannot be edited safely (the message holds
/// what to write by hand). Reason::rejected: the name is taken.
Result<std::string> with_server(
    std::string_view text, const std::string& file, const Member& server, Taken taken
);

/// `text` without that server and the comments in it; those above stay. Checked likewise.
/// Reason::unknown_server: there is none of that name.
Result<std::string> without_server(
    std::string_view text, const std::string& file, std::string_view name
);

/// The entry of a server, below "mcpServers" or "servers".
const Member* find_server(const Document& document, std::string_view name);

}  // namespace mooring::config
