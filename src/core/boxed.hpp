#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace mooring::core {

/// std::optional for what is large and nearly never there, in what is moved about often and held by
/// coroutines: empty it is one pointer. Moved from it is empty. Not copied.
template <class T>
class Boxed {
 public:
  Boxed() = default;
  Boxed(std::nullopt_t) {}
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(std::optional<T> value) {
    if (value) value_ = std::make_unique<T>(std::move(*value));
  }

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  void reset() { value_.reset(); }
  T value_or(T other) && { return value_ ? std::move(*value_) : std::move(other); }
  operator std::optional<T>() && {
    return value_ ? std::optional<T>(std::move(*value_)) : std::nullopt;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace mooring::core
