#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text as a terminal shows it.
namespace mooring::cli {

/// Columns that UTF-8 text takes: wide characters count twice, combining ones not at all.
std::size_t display_width(std::string_view text);
/// `text` in at most `width` columns, "…" at its end where something is missing. 0: as it is.
std::string cut(std::string_view text, std::size_t width);
/// White space of any kind, line breaks too, as single blanks; control characters left out.
std::string one_line(std::string_view text);
/// Without control characters except line breaks and tabs: what a server sends must not drive the
/// terminal.
std::string harmless(std::string_view text);

/// Rows in aligned columns, two blanks between them. The last column is cut so that a row fits into
/// `width` (0: not cut).
std::string table(
    const std::vector<std::vector<std::string>>& rows, std::size_t width, std::size_t indent = 0
);

}  // namespace mooring::cli
