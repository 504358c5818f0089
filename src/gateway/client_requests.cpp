#include "gateway/client_requests.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mooring::gateway {

struct ClientRequests::Waiting {
  Waiting(io::Worker& worker, std::string raw_id, std::string from)
      : id(std::move(raw_id)),
        session(std::move(from)),
        answered(worker.executor(), worker.timers()) {}

  std::string id, session;
  io::Event answered;
  std::optional<protocol::Frame> response;
};

ClientRequests::ClientRequests(io::Worker& worker, std::string boot)
    : worker_(worker), prefix_(fmt::format("\"m-{}-", boot)) {}

std::string ClientRequests::next_id() {
  return fmt::format("{}{}-{}\"", prefix_, worker_.index(), ++last_);
}

std::optional<unsigned> ClientRequests::home_of(std::string_view raw_id) const {
  if (!raw_id.starts_with(prefix_)) return std::nullopt;
  const auto rest = raw_id.substr(prefix_.size());
  unsigned worker = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), worker);
  if (error != std::errc{} || end == rest.data() + rest.size() || *end != '-') return std::nullopt;
  return worker;
}

std::shared_ptr<ClientRequests::Waiting> ClientRequests::expect(
    std::string id, std::string session
) {
  auto waiting = std::make_shared<Waiting>(worker_, std::move(id), std::move(session));
  waiting_.emplace(waiting->id, waiting);
  return waiting;
}

awaitable<std::optional<protocol::Frame>> ClientRequests::wait(
    std::shared_ptr<Waiting> waiting, core::TimePoint until, io::AbortSource* abort
) {
  co_await waiting->answered.wait(until, abort);
  waiting_.erase(waiting->id);
  co_return std::move(waiting->response);
}

bool ClientRequests::complete(const std::string& session, protocol::Frame response) {
  const auto found = waiting_.find(response.id());
  if (found == waiting_.end() || found->second->session != session || found->second->response)
    return false;
  found->second->response = std::move(response);
  found->second->answered.set();
  return true;
}

}  // namespace mooring::gateway
