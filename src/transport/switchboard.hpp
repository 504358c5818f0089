#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/frame.hpp"
#include "transport/mailbox.hpp"
#include "transport/pending_call.hpp"
#include "transport/stdio_router.hpp"

namespace mooring::transport {

/// The calls in flight and the listener of a channel whose server says everything on one stream:
/// gives each what is theirs (StdioRouter). What is for the listener waits (bounded) until there is
/// one. On the home worker alone.
class Switchboard {
 public:
  /// `peer` names the server in the log: "process 123". `one_client`: as of a StdioRouter.
  explicit Switchboard(std::string peer, bool one_client = false)
      : peer_(std::move(peer)), router_(one_client) {}

  void add(std::shared_ptr<PendingCall> call);
  /// Null: it is over already.
  std::shared_ptr<PendingCall> remove(const std::string& id);
  std::vector<std::shared_ptr<PendingCall>> calls() const;

  void take(protocol::Frame frame);

  /// The listener that had to make way; null: none.
  std::shared_ptr<Mailbox> listen(std::shared_ptr<Mailbox> listener);
  void unlisten(const std::shared_ptr<Mailbox>& listener);
  std::shared_ptr<Mailbox> take_listener() { return std::move(listener_); }

 private:
  void tell_listener(protocol::Frame frame);
  void deliver(Mailbox& box, protocol::Frame frame) const;

  std::string peer_;
  StdioRouter router_;
  std::map<std::string, std::shared_ptr<PendingCall>> calls_;
  std::shared_ptr<Mailbox> listener_;
  std::deque<protocol::Frame> backlog_;
};

}  // namespace mooring::transport
