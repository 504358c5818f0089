#include "gateway/history.hpp"

#include <functional>
#include <map>
#include <memory>
#include <ranges>
#include <set>
#include <string>

#include "io/async.hpp"

namespace mooring::gateway {

using Episodes = store::HistoryStore::Episodes;

namespace {

constexpr auto patience = std::chrono::seconds(5);

struct Answer {
  explicit Answer(io::Worker& worker) : ready(worker.executor(), worker.timers()) {}
  io::Event ready;
  Episodes found;
};

}  // namespace

awaitable<Episodes> recorded(
    io::Worker& worker, store::HistoryStore& store, store::HistoryQuery query
) {
  auto answer = std::make_shared<Answer>(worker);
  // Moved on, not copied: what belongs to the worker must not end on the store's thread.
  store.find(std::move(query), [&worker, answer](Episodes found) mutable {
    worker.post([answer = std::move(answer), found = std::move(found)]() mutable {
      answer->found = std::move(found);
      answer->ready.set();
    });
  });
  co_await answer->ready.wait(worker.timers().now() + patience);
  co_return std::move(answer->found);
}

Episodes merged(
    Episodes stored, const std::vector<upstream::Status>& live, const store::HistoryQuery& query
) {
  std::set<std::string> known;
  std::multimap<recovery::Episode::Time, recovery::Episode, std::greater<>> by_time;
  for (const auto& server : live) {
    for (const auto& episode : std::views::reverse(server.episodes)) {
      const bool wanted = (query.server.empty() || query.server == episode.server) &&
                          (!query.since || episode.begun >= *query.since);
      if (wanted && known.insert(episode.id).second) by_time.emplace(episode.begun, episode);
    }
  }
  for (auto& episode : stored) {
    if (!known.contains(episode.id)) by_time.emplace(episode.begun, std::move(episode));
  }
  Episodes all;
  for (auto& [time, episode] : by_time) {
    if (all.size() == query.limit) break;
    all.push_back(std::move(episode));
  }
  return all;
}

}  // namespace mooring::gateway
