#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::config {

/// Where variables are looked up; empty means unset.
using Env = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
Env process_env();

/// The secret in the file of a `${file:…}`, or why it cannot be had.
using SecretFiles = std::function<std::expected<std::string, std::string>(const std::string& path)>;

/// A file's content without blanks and line breaks at its ends. Only regular files of at most 64
/// KiB without NUL bytes; the error names the path, never the content.
std::expected<std::string, std::string> read_secret_file(const std::string& path);

/// A text after `${VAR}`, `${VAR:-default}`, `${env:VAR}` and `${file:/path}` were replaced. The
/// default counts when the variable is unset or empty, as in a shell, and may hold variables
/// itself. A file that cannot be read is an unset variable. What cannot be replaced stays in the
/// text as written.
struct Expansion {
  struct Used {
    std::string name;
    std::string value;
    bool from_file = false;  ///< a secret, whatever its name
  };

  std::string text;
  std::vector<Used> used;           ///< variables that were set
  std::vector<std::string> unset;   ///< as written: "${TOKEN}"
  std::vector<std::string> inputs;  ///< `${input:…}`, which only an editor can ask for
  std::string file_error;           ///< why the first `${file:…}` in `unset` cannot be had

  /// Why `text` cannot be used where everything has to be replaced: one sentence, or nothing.
  std::optional<std::string> problem() const;
};

Expansion expand(
    std::string_view text, const Env& env, const SecretFiles& files = read_secret_file
);

/// `text` with the path of every `${file:…}` replaced by what `absolute` makes of it.
std::string with_file_paths(
    std::string_view text, const std::function<std::string(std::string_view path)>& absolute
);

}  // namespace mooring::config
