#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <coroutine>
#include <cstddef>
#include <utility>

/// Where the frames of coroutines come from. A relayed call runs through some thirty of them; Asio
/// keeps two for reuse and takes every other one from aligned_alloc, which was a quarter of all
/// instructions of a call. Here each thread keeps the frames it ended, by size, up to a bound.
namespace mooring::io {

void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size) noexcept;

/// For what each call makes once: its memory comes from the same place.
struct Pooled {
  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* object, std::size_t size) noexcept { give_frame(object, size); }
};

/// The same for std::allocate_shared.
template <class T>
struct PoolAllocator {
  using value_type = T;

  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(take_frame(count * sizeof(T))); }
  void deallocate(T* objects, std::size_t count) noexcept {
    give_frame(objects, count * sizeof(T));
  }
  bool operator==(const PoolAllocator&) const = default;
};

/// Asio's promise, its frame taken from the pool. It adds no member: Asio addresses the frame by
/// the type it knows, at the same place.
template <class T>
class PooledFrame : public boost::asio::detail::awaitable_frame<T, boost::asio::any_io_executor> {
  using Base = boost::asio::detail::awaitable_frame<T, boost::asio::any_io_executor>;

  template <class U>
  struct Await {
    boost::asio::awaitable<U> inner;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<PooledFrame> caller) {
      inner.await_suspend(std::coroutine_handle<Base>::from_address(caller.address()));
    }
    U await_resume() { return inner.await_resume(); }
  };

 public:
  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { give_frame(frame, size); }

  using Base::await_transform;
  /// Asio's awaitable wants to be awaited by a handle of Asio's promise.
  template <class U>
  auto await_transform(boost::asio::awaitable<U> callee) const {
    return Await<U>{Base::await_transform(std::move(callee))};
  }
};

}  // namespace mooring::io

template <class T, class... Args>
struct std::coroutine_traits<boost::asio::awaitable<T, boost::asio::any_io_executor>, Args...> {
  using promise_type = mooring::io::PooledFrame<T>;
  static_assert(
      sizeof(promise_type) ==
      sizeof(boost::asio::detail::awaitable_frame<T, boost::asio::any_io_executor>)
  );
};
