#pragma once

#include <vector>

#include "io/worker.hpp"
#include "store/history_store.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

/// What `store` has recorded, on the worker that asks. A disk that hangs is waited for 5 s; then
/// there is nothing.
awaitable<store::HistoryStore::Episodes> recorded(
    io::Worker& worker, store::HistoryStore& store, store::HistoryQuery query
);

/// What was recorded and what the servers tell themselves (who know better) as one answer to
/// `query`, newest first.
store::HistoryStore::Episodes merged(
    store::HistoryStore::Episodes stored, const std::vector<upstream::Status>& live,
    const store::HistoryQuery& query
);

}  // namespace mooring::gateway
