#include "transport/switchboard.hpp"

#include "core/log.hpp"
#include "transport/incoming.hpp"

namespace mooring::transport {

namespace {
constexpr std::size_t max_backlog = 256;
}

void Switchboard::add(std::shared_ptr<PendingCall> call) {
  router_.add(call->id, call->progress_token, call->from_client);
  auto id = call->id;
  calls_.insert_or_assign(std::move(id), std::move(call));
}

std::shared_ptr<PendingCall> Switchboard::remove(const std::string& id) {
  router_.remove(id);
  const auto at = calls_.find(id);
  if (at == calls_.end()) return nullptr;
  auto call = std::move(at->second);
  calls_.erase(at);
  return call;
}

std::vector<std::shared_ptr<PendingCall>> Switchboard::calls() const {
  std::vector<std::shared_ptr<PendingCall>> all;
  all.reserve(calls_.size());
  for (const auto& [id, call] : calls_) all.push_back(call);
  return all;
}

void Switchboard::take(protocol::Frame frame) {
  const auto target = router_.route(frame);
  if (target.to == StdioRouter::To::nobody) return;
  if (target.to == StdioRouter::To::listener) {
    tell_listener(std::move(frame));
    return;
  }
  if (frame.is_response()) {
    if (const auto call = remove(target.id)) {
      call->mailbox->answer(with_id(std::move(frame), call->id));
    }
    return;
  }
  const auto call = calls_.find(target.id);
  if (call != calls_.end()) deliver(*call->second->mailbox, std::move(frame));
}

void Switchboard::tell_listener(protocol::Frame frame) {
  if (listener_) {
    deliver(*listener_, std::move(frame));
    return;
  }
  if (backlog_.size() >= max_backlog) backlog_.pop_front();
  backlog_.push_back(std::move(frame));
}

void Switchboard::deliver(Mailbox& box, protocol::Frame frame) const {
  if (box.put(std::move(frame))) return;
  core::log::warn("transport", "{}: a message nobody takes was dropped", peer_);
}

std::shared_ptr<Mailbox> Switchboard::listen(std::shared_ptr<Mailbox> listener) {
  for (auto& message : backlog_) deliver(*listener, std::move(message));
  backlog_.clear();
  return std::exchange(listener_, std::move(listener));
}

void Switchboard::unlisten(const std::shared_ptr<Mailbox>& listener) {
  if (listener_ == listener) listener_.reset();
}

}  // namespace mooring::transport
