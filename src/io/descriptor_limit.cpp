#include "io/descriptor_limit.hpp"

#include <sys/resource.h>

namespace mooring::io {

namespace {
std::uint64_t before = 0;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  const auto soft = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) before = soft;
}

std::uint64_t descriptor_limit_of_children() { return before; }

}  // namespace mooring::io
