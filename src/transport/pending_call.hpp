#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/worker.hpp"
#include "transport/channel.hpp"
#include "transport/mailbox.hpp"

/// The side of the caller where one stream carries everything: stdio and HTTP+SSE.
namespace mooring::transport {

/// One request on its way; shared by the caller's thread and the home worker.
struct PendingCall {
  /// Who came first, the home worker that sends the bytes or the caller that gives up, decides
  /// whether they were sent.
  enum class Way { waiting, handed_over, withdrawn };

  std::string id;
  std::string method;
  std::string progress_token;
  bool from_client = false;
  std::string bytes;
  std::shared_ptr<Mailbox> mailbox;
  std::atomic<Way> way = Way::waiting;
  // Home worker only:
  bool sent = false;             ///< nothing is to be learned any more from how it was sent
  bool write_failed = false;     ///< not a byte of it was taken
  std::function<void()> unsend;  ///< stops sending it; empty: cannot be stopped

  bool claim(Way as) {
    auto expected = Way::waiting;
    return way.compare_exchange_strong(expected, as);
  }
};

std::shared_ptr<PendingCall> make_pending(
    OutgoingRequest request, asio::any_io_executor caller, std::size_t buffer_bytes
);

/// Takes what comes for the call until it is over. Empty: `abort` fired.
awaitable<std::optional<Outcome>> outcome_of(
    std::shared_ptr<PendingCall> call, Sink& sink, io::AbortSource* abort
);
/// Takes what comes for a listener until the channel ends. False: `abort` fired.
awaitable<bool> listen_to(
    std::shared_ptr<Mailbox> box, Sink& sink, io::AbortSource& abort, ListenEnd& end
);

recovery::Failure given_up(std::string method, recovery::Stage stage, bool handed_over);

template <class Task>
void at_home(io::Worker& home, Task task) {
  if (home.on_this_thread()) {
    task();
  } else {
    asio::post(home.executor(), std::move(task));
  }
}

template <class T>
awaitable<T> run_at_home(io::Worker& home, awaitable<T> task) {
  if (home.on_this_thread()) co_return co_await std::move(task);
  co_return co_await asio::co_spawn(home.executor(), std::move(task), asio::use_awaitable);
}

}  // namespace mooring::transport
