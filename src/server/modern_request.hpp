#pragma once

#include <expected>
#include <map>
#include <string>

#include "gateway/front.hpp"
#include "io/http_server.hpp"
#include "protocol/frame.hpp"

/// What makes a message one of the modern era, and what is wrong with one that only claims to be
/// (2026-07-28 "Transports", "Versioning").
namespace mooring::server {

/// The whole JSON-RPC error for a request that is refused as it comes in.
using ModernRefusal = std::string;

/// The session of one modern request, from its envelope. `key` names it.
std::expected<gateway::ClientSession, ModernRefusal> modern_session(
    const protocol::Frame& request, std::string key, std::string endpoint, std::string principal
);

/// Over HTTP the headers repeat what the body says, so that intermediaries need not read it. Empty:
/// they agree.
ModernRefusal check_headers(const io::HttpExchange& exchange, const protocol::Frame& request);

/// The `Mcp-Param-*` headers, as ClientSession::param_headers wants them.
std::map<std::string, std::string> param_headers_of(const io::HttpExchange& exchange);

/// True where a message without envelope comes with the header of a modern version: the envelope
/// was forgotten.
bool names_modern_version(const io::HttpExchange& exchange);

/// The HTTP status with which a modern response goes out.
int modern_status(std::string_view response);

}  // namespace mooring::server
