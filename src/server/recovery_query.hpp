#pragma once

#include <mooring/result.hpp>
#include <string_view>

#include "store/history_store.hpp"

namespace mooring::server {

/// The query of `/api/v1/recoveries`: `server=NAME`, `limit=1…1000` (50), `since=RFC3339`; what
/// else is in it is left alone. Reason::usage says what is wrong.
Result<store::HistoryQuery> recovery_query(std::string_view query);

}  // namespace mooring::server
