#pragma once

#include <string>
#include <string_view>

#include "gateway/front.hpp"
#include "protocol/frame.hpp"

namespace mooring::gateway {

/// Whether the `Mcp-Param-*` headers say what the arguments say that the tool wants in headers
/// (2026-07-28 "Transports"). The whole error, HeaderMismatch; empty: they do, or there are no
/// headers to look at.
std::string header_mismatch(
    const ClientSession& session, const protocol::Frame& call, std::string_view input_schema
);

}  // namespace mooring::gateway
