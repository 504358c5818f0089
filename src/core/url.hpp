#pragma once

#include <cstdint>
#include <mooring/result.hpp>
#include <string>
#include <string_view>

namespace mooring::core {

/// An absolute http or https URL, taken apart (RFC 3986). A plain value.
struct Url {
  std::string scheme;      ///< "http" or "https"
  std::string host;        ///< lower case; an IPv6 address without brackets
  std::uint16_t port = 0;  ///< the scheme's default where the text names none
  std::string target;      ///< "/path?query", percent-encoding as given; never empty, no fragment
  std::string userinfo;    ///< "user:password", decoded; a secret, left out of text() and origin()

  /// Reason::usage where the text is no URL, names another scheme, or has an empty host.
  static Result<Url> parse(std::string_view text);

  std::string text() const;       ///< "https://example.com/mcp?x=1"
  std::string origin() const;     ///< "https://example.com", as the Origin header has it
  std::string authority() const;  ///< "example.com:8443", "[::1]"; a default port is left out
  std::string path() const;       ///< target without the query
  bool is_tls() const { return scheme == "https"; }
  bool same_origin(const Url& other) const;
  /// localhost, *.localhost, 127.0.0.0/8 and ::1 (also mapped into IPv6).
  bool is_loopback() const;
  /// A reference found in a document that came from this URL: a path, a query, "//host/…" or a
  /// whole URL (RFC 3986 §5).
  Result<Url> resolve(std::string_view reference) const;

  bool operator==(const Url&) const = default;
};

std::uint16_t default_port(std::string_view scheme);
/// "localhost", "127.0.0.1", "::1", "[::1]", …: a host name or address that never leaves this
/// machine.
bool is_loopback_host(std::string_view host);
/// An IP address literal (brackets allowed) outside the public network: loopback, private (RFC
/// 1918, RFC 4193), link-local, shared (RFC 6598), unspecified, multicast, reserved. A name is
/// none.
bool is_private_address(std::string_view literal);

}  // namespace mooring::core
