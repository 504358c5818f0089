#include "soak/claims.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <utility>

namespace mooring::soak {

std::string_view to_string(Claim claim) {
  switch (claim) {
    case Claim::executed:
      return "executed";
    case Claim::not_executed:
      return "not executed";
    case Claim::unknown:
      break;
  }
  return "unknown";
}

void Claims::add(std::string key, std::string tool, Claim claim, std::string evidence) {
  const std::lock_guard lock(mutex_);
  told_[std::move(key)] = {std::move(tool), claim, std::move(evidence)};
}

void Claims::read_ledgers() {
  for (const auto& each : std::filesystem::directory_iterator(ledgers_)) {
    const auto name = each.path().filename().string();
    std::ifstream file(each.path());
    auto& from = read_[name];
    file.seekg(static_cast<std::streamoff>(from));
    // A line without its end is still being written.
    for (std::string line; std::getline(file, line) && !file.eof(); from += line.size() + 1) {
      const auto space = line.find(" \"");
      auto& done = done_[line.substr(space + 2, line.size() - space - 3)];
      done.tool = line.substr(0, space);
      done.where.push_back(name);
      done.reported = false;
      ++executions_;
      if (done.where.size() == 2) ++repeated_;
    }
  }
}

void Claims::compare(const std::string& key, Done& done, Journal& journal) {
  const auto told = told_.find(key);
  const auto evidence = told == told_.end()
                            ? std::string("its caller was told nothing yet")
                            : fmt::format(
                                  "its caller was told \"{}\": {}", to_string(told->second.claim),
                                  told->second.evidence
                              );
  const auto what = fmt::format(
      "{} {} ran {}× ({}); {}", done.tool, key, done.where.size(), fmt::join(done.where, ", "),
      evidence
  );
  if (done.tool == "count" && done.where.size() > 1) {
    journal.violation("executed twice", what);
    done.reported = true;
  } else if (told != told_.end() && told->second.claim == Claim::not_executed) {
    journal.violation("said not to be executed, but was", what);
    done.reported = true;
  }
}

void Claims::check(Journal& journal) {
  const std::lock_guard lock(mutex_);
  // Read under the lock: whatever was claimed so far was written before.
  read_ledgers();
  for (auto& [key, done] : done_) {
    if (!done.reported) compare(key, done, journal);
  }
  for (auto& [key, told] : told_) {
    if (told.claim != Claim::executed || done_.contains(key)) continue;
    journal.violation(
        "said to be executed, but was not", fmt::format("{} {}: {}", told.tool, key, told.evidence)
    );
    told.claim = Claim::unknown;
  }
}

}  // namespace mooring::soak
