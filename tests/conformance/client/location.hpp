#pragma once

#include <mooring/result.hpp>
#include <string>

namespace conformance {

/// The browser of a test: gets `page` and tells where it is sent, without going there.
mooring::Result<std::string> location_of(std::string page);

}  // namespace conformance
