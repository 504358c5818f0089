#include "io/allocations.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace mooring::io::testing {

namespace {
thread_local Allocations allocations;
}

Allocations Allocations::now() { return allocations; }

}  // namespace mooring::io::testing

// ThreadSanitizer brings these itself.
#if !__has_feature(thread_sanitizer)

using mooring::io::testing::allocations;

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++allocations.count;
  allocations.in_use += static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
  return memory;
}

void operator delete(void* memory) noexcept {
  allocations.in_use -= static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

#endif
