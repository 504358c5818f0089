#include "gateway/rate_limit.hpp"

namespace mooring::gateway {

bool RateLimit::allow(core::TimePoint now, int per_minute) {
  while (!recent_.empty() && now - recent_.front() >= std::chrono::seconds(60)) {
    recent_.pop_front();
  }
  if (per_minute <= 0 || recent_.size() >= static_cast<std::size_t>(per_minute)) return false;
  recent_.push_back(now);
  return true;
}

}  // namespace mooring::gateway
