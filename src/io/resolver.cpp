#include "io/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <thread>

namespace mooring::io {

namespace {

/// A few threads, started when they are needed. Never destroyed: a thread may sit in getaddrinfo
/// when the process ends.
class Threads {
 public:
  static Threads& instance() {
    static auto* const threads = new Threads;
    return *threads;
  }

  void run(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && count_ < most_) {
      ++count_;
      std::thread([this] { loop(); }).detach();
    }
    ready_.notify_one();
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      ready_.wait(lock, [this] { return !jobs_.empty(); });
      --idle_;
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  static constexpr std::size_t most_ = 8;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  std::size_t count_ = 0;
  std::size_t idle_ = 0;
};

Lookup::Answer ask(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (status != 0) return std::unexpected(std::string(::gai_strerror(status)));
  Addresses found;
  for (const auto* entry = list; entry != nullptr; entry = entry->ai_next) {
    boost::asio::ip::address address;
    if (entry->ai_family == AF_INET) {
      sockaddr_in raw{};
      std::memcpy(&raw, entry->ai_addr, sizeof raw);
      address = boost::asio::ip::address_v4(ntohl(raw.sin_addr.s_addr));
    } else if (entry->ai_family == AF_INET6) {
      sockaddr_in6 raw{};
      std::memcpy(&raw, entry->ai_addr, sizeof raw);
      boost::asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &raw.sin6_addr, bytes.size());
      address = boost::asio::ip::address_v6(bytes, raw.sin6_scope_id);
    } else {
      continue;
    }
    if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(address);
  }
  ::freeaddrinfo(list);
  if (found.empty()) return std::unexpected(std::string("no usable address"));
  return found;
}

}  // namespace

std::shared_ptr<Lookup> Lookup::start(
    asio::any_io_executor executor, std::string host, std::function<void(Answer)> done
) {
  auto lookup = std::make_shared<Lookup>();
  lookup->executor_ = std::move(executor);
  lookup->host_ = std::move(host);
  lookup->done_ = std::move(done);
  Threads::instance().run([lookup] { lookup->run(); });
  return lookup;
}

void Lookup::run() {
  auto answer = ask(host_);
  const std::lock_guard lock(mutex_);
  if (!done_) return;
  asio::post(executor_, [self = shared_from_this(), answer = std::move(answer)]() mutable {
    self->deliver(std::move(answer));
  });
}

void Lookup::deliver(Answer answer) {
  std::function<void(Answer)> done;
  {
    const std::lock_guard lock(mutex_);
    done = std::move(done_);
    done_ = nullptr;
  }
  if (done) done(std::move(answer));
}

void Lookup::cancel() {
  const std::lock_guard lock(mutex_);
  done_ = nullptr;
  executor_ = {};
}

Addresses known_addresses(const std::string& host) {
  if (host == "localhost" || host.ends_with(".localhost")) {
    return {boost::asio::ip::address_v4::loopback(), boost::asio::ip::address_v6::loopback()};
  }
  boost::system::error_code error;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto address =
      boost::asio::ip::make_address(bracketed ? host.substr(1, host.size() - 2) : host, error);
  if (error) return {};
  return {address};
}

}  // namespace mooring::io
