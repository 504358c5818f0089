#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/gateway_api.hpp"
#include "cli/time_text.hpp"

/// Servers as `mooring status` shows them, and tables that leave out what a narrow terminal has no
/// room for.
namespace mooring::cli {

using Rows = std::vector<std::vector<std::string>>;

/// `rows` without the column of that heading (the first row has the headings).
Rows without_column(Rows rows, std::string_view heading);
/// table(), but of the `expendable` columns the first so many are left out that the last column has
/// room for its first words; a width of 0 leaves out none.
std::string fitted_table(Rows rows, const std::vector<std::string>& expendable, std::size_t width);

/// One line for each server.
std::string server_table(const std::vector<ServerStatus>& servers, std::size_t width, Moment now);
/// Every member of a server's status, whatever later versions of the gateway add; without its
/// episodes.
std::string server_details(std::string_view server, Moment now);

}  // namespace mooring::cli
