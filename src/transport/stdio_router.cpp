#include "transport/stdio_router.hpp"

#include "transport/incoming.hpp"

namespace mooring::transport {

using protocol::Frame;

namespace {

bool is_change(std::string_view method) {
  return method == "notifications/resources/updated" ||
         method == "notifications/subscriptions/acknowledged" || method == "notifications/tasks" ||
         (method.starts_with("notifications/") && method.ends_with("/list_changed"));
}

}  // namespace

void StdioRouter::add(std::string id, std::string progress_token, bool from_client) {
  const auto [at, fresh] =
      calls_.try_emplace(std::move(id), std::move(progress_token), from_client, ++last_number_);
  if (fresh && from_client) ++from_client_;
}

void StdioRouter::remove(std::string_view id) {
  const auto at = calls_.find(id);
  if (at == calls_.end()) return;
  if (at->second.from_client) --from_client_;
  calls_.erase(at);
  std::erase_if(asked_, [&](const auto& asked) { return asked.second == id; });
}

StdioRouter::Target StdioRouter::route(const Frame& frame) {
  if (frame.is_response()) return response(frame);
  if (frame.is_notification()) {
    if (frame.method() == "notifications/progress") return progress(frame);
    if (is_change(frame.method())) return {To::listener, {}};
    if (frame.method() == "notifications/cancelled") {
      const auto asked = asked_.find(frame.request_id());
      if (asked == asked_.end()) return {To::listener, {}};
      return {To::call, asked->second};
    }
    return unaddressed();
  }
  auto target = unaddressed();
  if (target.to == To::call) asked_.insert_or_assign(std::string(frame.id()), target.id);
  return target;
}

StdioRouter::Target StdioRouter::response(const Frame& frame) const {
  const auto call = calls_.find(frame.id());
  if (call != calls_.end()) return {To::call, call->first};
  if (!is_anonymous_error(frame)) return {};
  // A subscription that stands beside it waits for nothing.
  if (from_client_ == 1) return unaddressed();
  if (calls_.size() == 1) return {To::call, calls_.begin()->first};
  return {};
}

StdioRouter::Target StdioRouter::progress(const Frame& frame) const {
  const auto token = frame.progress_token();
  if (token.empty()) return {};
  for (const auto& [id, call] : calls_) {
    if (call.progress_token == token) return {To::call, id};
  }
  return {};
}

StdioRouter::Target StdioRouter::unaddressed() const {
  if (from_client_ != 1 && !one_client_) return {To::listener, {}};
  Target newest{To::listener, {}};
  std::uint64_t number = 0;
  for (const auto& [id, call] : calls_) {
    if (!call.from_client || call.number < number) continue;
    newest = {To::call, id};
    number = call.number;
  }
  return newest;
}

}  // namespace mooring::transport
