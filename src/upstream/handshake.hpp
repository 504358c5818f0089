#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "protocol/version.hpp"

/// The messages with which a server is met, as data: a legacy session begins with `initialize`
/// (specification 2025-11-25, "Lifecycle"), a modern server is asked with `server/discover`.
namespace mooring::upstream {

/// What we say about ourselves. Raw JSON objects.
struct ClientIdentity {
  std::string info = R"({"name":"mooring","version":"0"})";
  std::string capabilities = "{}";
};

/// What the server said about itself.
struct ServerIdentity {
  protocol::Version version = protocol::latest_legacy;
  std::string protocol_version;     ///< as sent
  std::string capabilities = "{}";  ///< raw JSON
  std::string info = "{}";          ///< raw JSON
  std::string instructions;
  std::string result;  ///< the raw InitializeResult, or DiscoverResult in the modern era

  bool modern() const { return protocol::is_modern(version); }
  /// True where the server declared `capability` ("tools", "logging", …).
  bool has(std::string_view capability) const;
  /// True where it declared `capability.flag: true`.
  bool has(std::string_view capability, std::string_view flag) const;
};

std::string initialize_params(const ClientIdentity& client);
/// Reads an InitializeResult; a sentence where it is none, or names a revision that we do not
/// speak.
std::expected<ServerIdentity, std::string> read_initialize_result(std::string_view result);
/// Reads a DiscoverResult that names 2026-07-28 among its versions.
ServerIdentity read_discover_result(std::string_view result);
/// Reads whichever of the two `result` is.
std::expected<ServerIdentity, std::string> read_identity(std::string_view result);

}  // namespace mooring::upstream
