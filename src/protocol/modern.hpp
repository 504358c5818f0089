#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/frame.hpp"
#include "protocol/version.hpp"

/// What every message of the modern era carries (2026-07-28 "Base Protocol", "Transports").
namespace mooring::protocol {

inline constexpr int header_mismatch = -32020;
inline constexpr int missing_client_capability = -32021;
inline constexpr int unsupported_protocol_version = -32022;

inline constexpr std::string_view meta_protocol_version = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view meta_client_capabilities =
    "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view meta_client_info = "io.modelcontextprotocol/clientInfo";
inline constexpr std::string_view meta_log_level = "io.modelcontextprotocol/logLevel";
inline constexpr std::string_view meta_server_info = "io.modelcontextprotocol/serverInfo";
inline constexpr std::string_view meta_subscription_id = "io.modelcontextprotocol/subscriptionId";
inline constexpr std::string_view tasks_extension = "io.modelcontextprotocol/tasks";

/// The metadata with which a request says who asks, in every request anew.
struct Envelope {
  std::string version;              ///< as sent
  std::string capabilities = "{}";  ///< of the client, raw JSON object
  std::string client_info;          ///< raw JSON object; empty: not told
  std::string log_level;            ///< the least severe level wanted; empty: no log messages
};

/// True where the message claims to be of the modern era: it names a protocol version in its
/// `_meta`.
bool claims_modern(const Frame& frame);
/// The envelope of a message that claims to be modern; a sentence on what is missing otherwise.
std::expected<Envelope, std::string> read_envelope(const Frame& frame);
/// `params` (raw object, or empty) with the envelope in its `_meta`; other members of `_meta` stay.
std::string with_envelope(std::string_view params, const Envelope& envelope);
/// `params` without the metadata that the envelope is made of.
std::string without_envelope(std::string_view params);
/// `params` (or a raw result) with `_meta.key` set to the raw `value`.
std::string with_meta(std::string_view object, std::string_view key, std::string_view value);
/// `object` without `_meta.key`, and without a `_meta` that is empty then.
std::string without_meta(std::string_view object, std::string_view key);

/// The member of params that goes into the Mcp-Name header: "name", "uri" or "taskId"; empty where
/// the method has none.
std::string_view name_param(std::string_view method);
/// True for the methods whose results carry `ttlMs` and `cacheScope`.
bool is_cacheable(std::string_view method);
/// True for the methods that may answer `input_required`.
bool may_require_input(std::string_view method);
/// True for requests that went with the modern era: ping, initialize, logging/setLevel, ….
bool is_removed(std::string_view method);

/// `resultType` of a raw result; "complete" where there is none.
std::string result_type(std::string_view result);
/// The raw result as 2026-07-28 wants it: with `resultType`, and where the method is cacheable with
/// `ttlMs` and `cacheScope`; what is there stays.
std::string as_modern_result(std::string_view method, std::string_view result);
/// The raw result as earlier revisions know it: without these three.
std::string as_legacy_result(std::string_view result);

}  // namespace mooring::protocol
