#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "recovery/episode.hpp"

namespace mooring::server {

/// {"id","server","cause","evidence","begun_at","took_ms","outcome","attempts","generation_before",
/// "generation_after","calls_saved","calls_failed","calls_unknown","steps":[{"at_ms","what"}]},
/// redacted.
boost::json::object episode_json(const recovery::Episode& episode);
/// `/api/v1/recoveries`: {"recoveries":[…]}, in the order given.
std::string recoveries_json(const std::vector<recovery::Episode>& episodes);

}  // namespace mooring::server
