#include "cli/spare_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>

namespace mooring::cli {

namespace {

/// Segments that are never written to are the same as in their file, even where relocations were
/// applied: those went to writable ones. x86-64 and arm64 know no others.
int unmap_unwritten(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const auto begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const auto end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

constexpr std::size_t not_worth_it = std::size_t{16} << 20;

/// Resident and of no file: heap and stacks.
std::size_t resident_bytes() {
  std::size_t size = 0, resident = 0, of_files = 0;
  std::ifstream("/proc/self/statm") >> size >> resident >> of_files;
  return (resident - of_files) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void give_back_start() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(unmap_unwritten, nullptr);
}

void give_back_heap() {
  const auto heap = ::mallinfo2();
  if (resident_bytes() > 2 * (heap.uordblks + heap.hblkhd) + not_worth_it) ::malloc_trim(0);
}

}  // namespace mooring::cli
