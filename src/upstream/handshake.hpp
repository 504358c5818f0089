#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "protocol/version.hpp"

/// The messages with which a legacy session begins, as data (specification 2025-11-25,
/// "Lifecycle").
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
  std::string result;  ///< the raw InitializeResult

  /// True where the server declared `capability` ("tools", "logging", …).
  bool has(std::string_view capability) const;
  /// True where it declared `capability.flag: true`.
  bool has(std::string_view capability, std::string_view flag) const;
};

std::string initialize_params(const ClientIdentity& client);
/// Reads an InitializeResult; a sentence where it is none, or names a revision that we do not
/// speak.
std::expected<ServerIdentity, std::string> read_initialize_result(std::string_view result);

}  // namespace mooring::upstream
