#include "io/tcp_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "io/support.hpp"

namespace mooring::io {
namespace {

using namespace testing;

/// Both ends of a connection: one as it is used here, the other a bare descriptor.
struct Pair {
  explicit Pair(Worker& worker) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours = std::make_unique<TcpSocket>(worker.poller(), ends[0]);
    theirs = ends[1];
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() { hang_up(); }

  void say(std::string_view text) const {
    EXPECT_EQ(::send(theirs, text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }
  void hang_up() {
    if (theirs >= 0) ::close(std::exchange(theirs, -1));
  }
  std::string read(std::size_t most = 100) const {
    std::string into(most, ' ');
    const auto count = ours->read(into);
    return count < 0 ? "error " + std::to_string(-count) : into.substr(0, std::size_t(count));
  }

  std::unique_ptr<TcpSocket> ours;
  int theirs = -1;
};

const std::string again = "error " + std::to_string(EAGAIN);

TEST(TcpSocket, knows_of_bytes_only_what_the_loop_has_seen) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    const Pair pair(l.worker);
    pair.say("abc");
    EXPECT_EQ(pair.read(), again) << "nobody has looked yet";
    l.worker.poller().look();
    EXPECT_TRUE(pair.ours->may(TcpSocket::to_read));
    EXPECT_EQ(pair.read(2), "ab") << "there may be more";
    EXPECT_EQ(pair.read(2), "c");
    EXPECT_FALSE(pair.ours->may(TcpSocket::to_read)) << "a short read took everything";
    pair.say("d");
    CO_ASSERT(co_await pair.ours->wait(TcpSocket::to_read));
    EXPECT_EQ(pair.read(), "d");
  }(loop));
}

TEST(TcpSocket, what_came_before_the_end_is_read_and_then_the_end) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    Pair pair(l.worker);
    pair.say("last");
    pair.hang_up();
    CO_ASSERT(co_await pair.ours->wait(TcpSocket::to_read));
    EXPECT_TRUE(pair.ours->hung_up());
    EXPECT_EQ(pair.read(), "last");
    EXPECT_EQ(pair.read(), "");
    EXPECT_EQ(pair.read(), "") << "for good";
  }(loop));
}

TEST(TcpSocket, a_full_one_is_waited_for_until_its_peer_has_read) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    const Pair pair(l.worker);
    const std::string much(1 << 20, 'x');
    const iovec part{const_cast<char*>(much.data()), much.size()};
    ssize_t wrote = 0;
    while ((wrote = pair.ours->write({&part, 1})) > 0) {
    }
    EXPECT_EQ(wrote, -EAGAIN);
    EXPECT_FALSE(pair.ours->may(TcpSocket::to_write));
    l.worker.post([&] {
      std::string into(1 << 20, ' ');
      while (::recv(pair.theirs, into.data(), into.size(), MSG_DONTWAIT) > 0) {
      }
    });
    CO_ASSERT(co_await pair.ours->wait(TcpSocket::to_write));
    EXPECT_GT(pair.ours->write({&part, 1}), 0);
  }(loop));
}

TEST(TcpSocket, who_waits_for_a_closed_or_interrupted_one_is_told) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    const Pair pair(l.worker);
    l.worker.post([&] { pair.ours->interrupt(); });
    EXPECT_FALSE(co_await pair.ours->wait(TcpSocket::to_read));
    l.worker.post([&] { pair.ours->close(); });
    EXPECT_FALSE(co_await pair.ours->wait(TcpSocket::to_read));
    EXPECT_FALSE(co_await pair.ours->wait(TcpSocket::to_write)) << "it is closed already";
    EXPECT_EQ(pair.read(), "");
  }(loop));
}

TEST(TcpSocket, a_hang_up_is_told_once_and_to_whoever_waits_first) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    Pair waited_for(l.worker), unattended(l.worker);
    int told = 0;
    waited_for.ours->on_hang_up([&] { told += 100; });
    unattended.ours->on_hang_up([&] { ++told; });
    waited_for.hang_up();
    unattended.hang_up();
    CO_ASSERT(co_await waited_for.ours->wait(TcpSocket::to_read));
    co_await settle();
    EXPECT_EQ(told, 1);
  }(loop));
}

TEST(TcpSocket, one_that_is_ended_by_another_of_the_same_turn_is_left_alone) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    auto first = std::make_unique<Pair>(l.worker), second = std::make_unique<Pair>(l.worker);
    int told = 0;
    first->ours->on_hang_up([&] {
      ++told;
      second.reset();
    });
    second->ours->on_hang_up([&] {
      ++told;
      first.reset();
    });
    first->hang_up();
    second->hang_up();
    co_await settle();
    EXPECT_EQ(told, 1);
    EXPECT_NE(first == nullptr, second == nullptr);
  }(loop));
}

TEST(TcpSocket, a_coroutine_that_waits_ends_with_its_loop) {
  auto held = std::make_shared<int>(1);
  {
    Worker worker(0);
    const auto waits = [](Worker& w, std::shared_ptr<int> copy) -> awaitable<void> {
      const Pair pair(w);
      co_await pair.ours->wait(TcpSocket::to_read);
      *copy = 2;
    };
    asio::co_spawn(worker.context(), waits(worker, held), [](std::exception_ptr) {});
    worker.context().poll();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 1);
}

TEST(TcpSocket, a_descriptor_that_cannot_be_waited_for_is_refused_and_closed) {
  Worker worker(0);
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  // /dev/null always is ready, which is no business of epoll's.
  EXPECT_THROW(TcpSocket(worker.poller(), file), std::system_error);
  EXPECT_EQ(::fcntl(file, F_GETFD), -1);
}

}  // namespace
}  // namespace mooring::io
