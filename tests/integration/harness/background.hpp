#pragma once

#include <exception>
#include <future>
#include <optional>
#include <type_traits>

#include "core/manual_timers.hpp"
#include "io/worker.hpp"

namespace mooring::integration {

/// A worker that turns on a thread of its own, and a way to run coroutines on it from the test's
/// thread.
class Background {
 public:
  enum class Time { real, manual };

  explicit Background(unsigned index = 0, Time time = Time::real)
      : manual_(time == Time::manual ? new core::ManualTimers : nullptr),
        worker(index, std::unique_ptr<core::Timers>(manual_)) {}

  void start() { worker.start(); }
  void stop() {
    worker.stop();
    worker.join();
  }

  /// Runs `task` on the worker and waits for it.
  template <class T>
  T run(awaitable<T> task) {
    std::promise<T> done;
    auto result = done.get_future();
    auto finish = [&done](std::exception_ptr error, auto... value) {
      if (error) {
        done.set_exception(error);
      } else {
        done.set_value(std::move(value)...);
      }
    };
    asio::co_spawn(worker.executor(), std::move(task), std::move(finish));
    return result.get();
  }
  /// Runs a plain function on the worker and waits for it.
  template <class F>
  std::invoke_result_t<F> call(F action) {
    std::promise<std::invoke_result_t<F>> done;
    worker.post([&] {
      if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
        action();
        done.set_value();
      } else {
        done.set_value(action());
      }
    });
    return done.get_future().get();
  }
  /// With `Time::manual`: moves this worker's clock.
  void advance(core::Duration by) {
    call([&] { manual_->advance(by); });
  }

 private:
  core::ManualTimers* manual_;  // owned by the worker

 public:
  io::Worker worker;
};

}  // namespace mooring::integration
