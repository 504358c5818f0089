#pragma once

#include <mooring/result.hpp>
#include <string>
#include <string_view>

#include "cli/exit_code.hpp"

/// The user's side: results to stdout, what went wrong to stderr.
namespace mooring::cli {

/// "mooring: message" as one line on stderr, secrets masked; returns `code`.
int complain(ExitCode code, std::string_view message);
int complain(const Error& error);
ExitCode exit_code_of(Reason reason);
void warn(std::string_view message);

/// Writes to stdout at once. False: the reader is gone or the disk is full; the rest may be left
/// out.
bool print(std::string_view text);

bool stdout_is_terminal();
bool stderr_is_terminal();
/// Columns of the terminal behind stdout; 0 where there is none: nothing is cut.
std::size_t terminal_width();
/// `text` in bold where stdout shows colours (a terminal, and NO_COLOR not set).
std::string bold(std::string_view text);

}  // namespace mooring::cli
