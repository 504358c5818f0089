#include "io/frame_pool.hpp"

#include <array>
#include <new>

namespace mooring::io {

#if __has_feature(address_sanitizer)

// A pool would hide the use of a frame that has ended.
void* take_frame(std::size_t size) { return ::operator new(size); }
void give_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#else

namespace {

constexpr std::size_t grain = 64;
constexpr std::size_t largest = 4096;
constexpr std::size_t most_kept = std::size_t{2} << 20;  // of one thread: some 150 calls at a time

class FramePool {
 public:
  constexpr FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    closed_ = true;  // frames may still end while the thread does
    for (auto& list : free_) {
      while (list != nullptr) ::operator delete(std::exchange(list, list->next));
    }
  }

  void* take(std::size_t size) {
    const auto index = (size + grain - 1) / grain;
    if (index >= free_.size()) return ::operator new(size);
    auto& list = free_[index];
    if (list == nullptr) return ::operator new(index * grain);
    kept_ -= index * grain;
    return std::exchange(list, list->next);
  }

  void give(void* frame, std::size_t size) noexcept {
    const auto index = (size + grain - 1) / grain;
    const auto bytes = index * grain;
    if (index >= free_.size() || closed_ || kept_ + bytes > most_kept) {
      return ::operator delete(frame);
    }
    kept_ += bytes;
    free_[index] = ::new (frame) Free{free_[index]};
  }

 private:
  struct Free {
    Free* next;
  };
  std::array<Free*, largest / grain + 1> free_ = {};
  std::size_t kept_ = 0;
  bool closed_ = false;
};

constinit thread_local FramePool pool;

}  // namespace

void* take_frame(std::size_t size) { return pool.take(size); }
void give_frame(void* frame, std::size_t size) noexcept { pool.give(frame, size); }

#endif

}  // namespace mooring::io
