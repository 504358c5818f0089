#pragma once

#include <string_view>

namespace mooring::server {

/// The page at `/`, from web/index.html: reads /api/v1/status and shows it.
std::string_view dashboard_html();

}  // namespace mooring::server
