#pragma once

#include <string>
#include <string_view>

namespace mooring::core {

inline constexpr std::string_view redacted = "[REDACTED]";

/// `text` with everything that looks like a credential replaced by "[REDACTED]": known token forms
/// (ghp_, github_pat_, sk-, xox?-, AKIA, JWTs …), values after Bearer, Basic, `token=`, `api_key:`,
/// `password=`, `Authorization:` and their like, the password of a URL, and every registered secret
/// wherever it stands. Safe from any thread.
std::string redact(std::string_view text);

/// From now on `secret` itself is redacted (a token we hold, an expanded ${VAR}). Under 6
/// characters it is ignored: it would black out innocent text.
void register_secret(std::string secret);
/// It opens nothing any more.
void forget_secret(std::string_view secret);

}  // namespace mooring::core
