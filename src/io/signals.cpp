#include "io/signals.hpp"

#include <boost/asio/signal_set.hpp>

namespace mooring::io {

struct Signals::Impl {
  explicit Impl(Worker& worker) : set(worker.context()) {}
  asio::signal_set set;
  bool stopped = false;
};

Signals::Signals(Worker& worker, std::initializer_list<int> numbers)
    : impl_(std::make_unique<Impl>(worker)) {
  for (const int number : numbers) impl_->set.add(number);
}

Signals::~Signals() = default;

awaitable<int> Signals::next() {
  if (impl_->stopped) co_return 0;
  const auto [error, number] = co_await impl_->set.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return error ? 0 : number;
}

void Signals::stop() {
  impl_->stopped = true;
  impl_->set.cancel();
}

}  // namespace mooring::io
