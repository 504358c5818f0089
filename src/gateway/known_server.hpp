#pragma once

#include <optional>

#include "store/catalogue_cache.hpp"
#include "upstream/supervisor.hpp"

/// A server as the catalogue cache keeps it, so that a lazy one is listed without being started.
namespace mooring::gateway {

store::CachedCatalogue remembered(
    const UpstreamConfig& config, const upstream::ServerIdentity& server,
    const upstream::Catalogue& catalogue
);
/// Empty: what was kept cannot be read any more.
std::optional<upstream::Supervisor::Known> recalled(const store::CachedCatalogue& cached);

}  // namespace mooring::gateway
