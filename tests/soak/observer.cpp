#include "soak/observer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

namespace mooring::soak {

using integration::at;
using integration::Session;
using integration::text;
namespace json = integration::json;

namespace {

std::int64_t number(const json::value& from, std::string_view pointer) {
  const auto found = at(from, pointer);
  return found.is_int64() ? found.as_int64() : 0;
}

}  // namespace

Observer::Observer(std::string gateway, std::vector<std::string> servers, Journal& journal)
    : gateway_(std::move(gateway)), servers_(std::move(servers)), journal_(journal) {}

void Observer::look() {
  const auto answer = client_.send("GET", gateway_ + "/api/v1/status");
  const auto list = at(answer.json(), "/servers");
  if (answer.status != 200 || !list.is_array() || list.as_array().size() != servers_.size()) {
    return journal_.violation("a wrong status", fmt::format("{} {}", answer.status, answer.body));
  }
  for (const auto& each : list.as_array()) {
    const auto name = text(each, "/name");
    Seen now{
        text(each, "/state"),         number(each, "/generation"),   number(each, "/recoveries"),
        number(each, "/calls_saved"), number(each, "/calls_failed"), number(each, "/calls_unknown"),
        text(each, "/reason"),
    };
    auto& before = seen_[name];
    if (before.state != now.state) {
      journal_.note(fmt::format(
          "{} is {}{}", name, now.state, now.reason.empty() ? "" : " (" + now.reason + ")"
      ));
    }
    before = std::move(now);
  }
}

void Observer::look_at_tools() {
  Session session(client_, gateway_ + "/mcp");
  std::set<std::string> now;
  for (std::string cursor;;) {
    const auto page = session.call(
        "tools/list", cursor.empty() ? "{}" : fmt::format(R"({{"cursor":"{}"}})", cursor)
    );
    for (auto& name : integration::names(page)) now.insert(std::move(name));
    cursor = text(page, "/result/nextCursor");
    if (cursor.empty()) break;
  }
  session.end(false);
  std::vector<std::string> gone;
  std::ranges::set_difference(tools_, now, std::back_inserter(gone));
  if (!gone.empty()) {
    journal_.violation(
        "a list shrinks", fmt::format(
                              "{} of {} tools are gone, {} the first; not ready: {}", gone.size(),
                              tools_.size(), gone.front(), not_ready()
                          )
    );
  }
  tools_.merge(now);
}

bool Observer::all_ready() const {
  return seen_.size() == servers_.size() &&
         std::ranges::all_of(seen_, [](const auto& each) { return each.second.state == "ready"; });
}

bool Observer::waits_until_ready(std::chrono::seconds limit) {
  for (const auto until = Clock::now() + limit;;) {
    look();
    if (all_ready()) return true;
    if (Clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::string Observer::not_ready() const {
  std::vector<std::string> all;
  for (const auto& [name, seen] : seen_) {
    if (seen.state != "ready")
      all.push_back(fmt::format("{} {} ({})", name, seen.state, seen.reason));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

std::string Observer::names_away() const {
  std::vector<std::string> all;
  for (const auto& [name, seen] : seen_) {
    if (seen.state != "ready") all.push_back(name);
  }
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

std::string Observer::table() const {
  auto text = fmt::format(
      "  {:<12} {:<12} {:>10} {:>10} {:>8} {:>8} {:>8}\n", "server", "state", "generation",
      "recoveries", "saved", "failed", "unknown"
  );
  for (const auto& [name, seen] : seen_) {
    text += fmt::format(
        "  {:<12} {:<12} {:>10} {:>10} {:>8} {:>8} {:>8}\n", name, seen.state, seen.generation,
        seen.recoveries, seen.saved, seen.failed, seen.unknown
    );
  }
  return text;
}

}  // namespace mooring::soak
