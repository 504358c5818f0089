#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mooring::auth {

/// One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1).
struct Challenge {
  std::string scheme;                                           ///< as sent: "Bearer", "DPoP"
  std::vector<std::pair<std::string, std::string>> parameters;  ///< names in lower case

  bool is(std::string_view scheme_wanted) const;
  /// Empty where absent.
  std::string_view operator[](std::string_view name) const;
};

/// All challenges of one header value, or of several joined by commas. What is malformed ends the
/// list; nothing throws. At most 32 challenges with 64 parameters each.
std::vector<Challenge> parse_challenges(std::string_view header);

/// The one that a client of OAuth goes by: DPoP before Bearer; empty scheme: none.
Challenge oauth_challenge(std::string_view header);

}  // namespace mooring::auth
