#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace mooring::integration {

/// No wait of a test takes longer: what has not come by then never will.
inline constexpr std::chrono::seconds patience{20};

/// What arrives on another thread, kept in order and waited for.
template <class T>
class Inbox {
 public:
  void add(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  /// Nothing more will come; waits that are not satisfied yet end.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  bool wait_closed() const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return closed_; });
  }

  std::vector<T> all() const {
    const std::lock_guard lock(mutex_);
    return items_;
  }
  std::size_t count(const std::function<bool(const T&)>& wanted) const {
    const std::lock_guard lock(mutex_);
    return count_locked(wanted);
  }
  /// The first item that fits, waited for. Empty: it did not come.
  std::optional<T> wait(const std::function<bool(const T&)>& wanted) const {
    std::unique_lock lock(mutex_);
    std::size_t looked = 0;
    for (const auto until = std::chrono::steady_clock::now() + patience;;) {
      for (; looked < items_.size(); ++looked) {
        if (wanted(items_[looked])) return items_[looked];
      }
      if (closed_ || changed_.wait_until(lock, until) == std::cv_status::timeout) {
        if (looked == items_.size()) return std::nullopt;
      }
    }
  }
  /// Waits until at least `number` items fit.
  bool wait_for(std::size_t number, const std::function<bool(const T&)>& wanted) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return closed_ || count_locked(wanted) >= number; });
    return count_locked(wanted) >= number;
  }

 private:
  std::size_t count_locked(const std::function<bool(const T&)>& wanted) const {
    std::size_t found = 0;
    for (const auto& item : items_) found += wanted(item) ? 1 : 0;
    return found;
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<T> items_;
  bool closed_ = false;
};

}  // namespace mooring::integration
