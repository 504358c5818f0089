#include "gateway/contribution.hpp"

namespace mooring::gateway {

const UpstreamConfig& Contribution::settings() const {
  static const UpstreamConfig defaults;
  return config ? *config : defaults;
}

const upstream::Catalogue& Contribution::lists() const {
  static const upstream::Catalogue nothing;
  return catalogue ? *catalogue : nothing;
}

}  // namespace mooring::gateway
