#pragma once

#include <string_view>
#include <vector>

#include "everything/rpc_error.hpp"
#include "everything/world.hpp"

namespace mooring::everything {

const std::vector<std::string_view>& resource_definitions();
const std::vector<std::string_view>& resource_template_definitions();
/// The result of resources/read; −32002 where there is no such resource.
RpcResult read_resource(const World& world, std::string_view uri);

}  // namespace mooring::everything
