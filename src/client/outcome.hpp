#pragma once

#include <mooring/result.hpp>
#include <string_view>

#include "upstream/call.hpp"

namespace mooring::client {

/// A call that got no answer, as the caller of the library sees it.
Error to_error(const upstream::CallError& error);
/// A JSON-RPC error object (raw). One that a gateway made (`data.mooring`) says how far the call
/// got; any other is Reason::rejected, "code: message".
Error to_error(std::string_view rpc_error);
/// Why a connection did not come to stand, from the last error of its Supervisor.
/// `refused`: it was about credentials.
Error to_connect_error(std::string_view server, std::string_view last_error, bool refused);

}  // namespace mooring::client
