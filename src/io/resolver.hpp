#pragma once

#include <boost/asio/ip/address.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/asio.hpp"

namespace mooring::io {

using Addresses = std::vector<boost::asio::ip::address>;

/// One question for the system's resolver. getaddrinfo blocks and cannot be interrupted, so it runs
/// on a few threads of its own, where one slow name does not hold up the others; whoever asked may
/// walk away.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  using Answer = std::expected<Addresses, std::string>;

  /// `done` is posted to `executor` once, unless cancelled before. Safe from any thread.
  static std::shared_ptr<Lookup> start(
      asio::any_io_executor executor, std::string host, std::function<void(Answer)> done
  );
  /// After this neither `done` nor `executor` is used.
  void cancel();

 private:
  void run();
  void deliver(Answer answer);

  std::mutex mutex_;
  asio::any_io_executor executor_;
  std::string host_;
  std::function<void(Answer)> done_;  ///< empty: cancelled
};

/// Addresses that need no resolver: literals (with or without brackets) and localhost, which is
/// both loopback addresses whatever the hosts file says (RFC 6761 §6.3). Empty: ask.
Addresses known_addresses(const std::string& host);

}  // namespace mooring::io
