#pragma once

#include <cstddef>

namespace mooring::io::testing {

/// What `new` gave to this thread, in the whole test binary.
struct Allocations {
  std::size_t count = 0;      ///< so far
  std::ptrdiff_t in_use = 0;  ///< bytes, what other threads gave back included

  static Allocations now();
  static constexpr bool counted = !__has_feature(thread_sanitizer);
};

}  // namespace mooring::io::testing
