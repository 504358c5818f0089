#pragma once

#include <memory>
#include <mooring/upstream_config.hpp>
#include <string>

#include "upstream/catalogue.hpp"

namespace mooring::gateway {

/// One upstream's share of what is shown: its catalogue and what its configuration says about
/// showing it.
struct Contribution {
  std::string server;
  std::shared_ptr<const UpstreamConfig> config;
  upstream::CataloguePtr catalogue;
  std::string capabilities;  ///< of the server, raw JSON object
  bool modern = false;       ///< it speaks the modern era

  /// The defaults where there is none.
  const UpstreamConfig& settings() const;
  /// What it lists; nothing where there is no catalogue.
  const upstream::Catalogue& lists() const;
  /// The same would be shown of it.
  bool operator==(const Contribution&) const = default;
};

}  // namespace mooring::gateway
