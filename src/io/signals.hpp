#pragma once

#include <initializer_list>
#include <memory>

#include "io/asio.hpp"
#include "io/worker.hpp"

namespace mooring::io {

/// Signals of the process, one after the other. At most one instance at a time.
class Signals {
 public:
  Signals(Worker& worker, std::initializer_list<int> numbers);
  ~Signals();
  /// The number of the next signal; 0 after `stop`.
  awaitable<int> next();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mooring::io
