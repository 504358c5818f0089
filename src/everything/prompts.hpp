#pragma once

#include <string_view>
#include <vector>

#include "everything/arguments.hpp"
#include "everything/rpc_error.hpp"

namespace mooring::everything {

const std::vector<std::string_view>& prompt_definitions();
/// The result of prompts/get; −32602 for an unknown prompt or a missing argument.
RpcResult get_prompt(std::string_view name, const Arguments& arguments);
/// The result of completion/complete, from its raw params.
RpcResult complete(std::string_view params);

}  // namespace mooring::everything
