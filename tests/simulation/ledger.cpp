#include "ledger.hpp"

#include <algorithm>

#include "evidence.hpp"
#include "recovery/decide.hpp"

namespace mooring::simulation {

using recovery::Delivery;

std::string_view to_string(Evidence evidence) {
  switch (evidence) {
    case Evidence::none:
      return "under way";
    case Evidence::not_sent:
      return "not sent";
    case Evidence::refused:
      return "refused";
    case Evidence::unclear:
      return "refused, unclear why";
    case Evidence::maybe:
      return "may have run";
    case Evidence::answered:
      return "answered";
  }
  return "under way";
}

Ledger::Entry& Ledger::open(std::string key, std::string upstream) {
  auto& entry = entries_[key];
  entry.key = std::move(key);
  entry.upstream = std::move(upstream);
  return entry;
}

std::size_t Ledger::sent(const std::string& key, const std::shared_ptr<Session>& session) {
  auto& entry = entries_.at(key);
  if (entry.cancelled) scene_.broken("cancelled", "{} was sent after it was cancelled", key);
  if (entry.told) scene_.broken("ended", "{} was sent after its caller had been told", key);
  if (!entry.attempts.empty()) check_repeat(entry, session);
  entry.attempts.push_back({session});
  return entry.attempts.size() - 1;
}

void Ledger::check_repeat(const Entry& entry, const std::shared_ptr<Session>& session) {
  const auto& last = entry.attempts.back();
  const auto& key = entry.key;
  const bool same = last.session == session;
  if (last.evidence == Evidence::none) {
    return scene_.broken("repeat", "{} was sent again while it was under way", key);
  }
  if (last.evidence == Evidence::answered) {
    return scene_.broken("repeat", "{} was sent again although it was answered", key);
  }
  if (entry.attempts.size() > recovery::max_repeats) {
    return scene_.broken("repeat", "{} was repeated {} times", key, entry.attempts.size());
  }
  if (last.evidence == Evidence::maybe && !entry.harmless && !entry.spec_replay) {
    return scene_.broken("repeat", "{} was sent again although it may have run", key);
  }
  if (last.evidence != Evidence::not_sent && entry.never_replay) {
    return scene_.broken("repeat", "{} was sent again against the operator's word", key);
  }
  if (session->ordinal < last.session->ordinal) {
    return scene_.broken("generation", "{} was sent again on an older session", key);
  }
  if (same && last.evidence == Evidence::refused) {
    return scene_.broken("generation", "{} was sent again on the session that was lost", key);
  }
  // On the same session only once that has proved to be alive.
  if (same && session->answered == last.answered_at_end && last.evidence != Evidence::not_sent) {
    return scene_.broken("generation", "{} was sent again on the session it failed on", key);
  }
  const bool lived =
      last.session->answered > 0 || session->answered > 0 || *session->served > last.served_at_end;
  if (entry.attempts.size() >= 2 && !lived) {
    scene_.broken("repeat", "{} was sent a third time and nothing had been answered", key);
  }
}

void Ledger::ended(const std::string& key, std::size_t attempt, Evidence evidence) {
  auto& ended = entries_.at(key).attempts.at(attempt);
  ended.evidence = evidence;
  ended.answered_at_end = ended.session->answered;
  ended.served_at_end = *ended.session->served;
}

void Ledger::executed(const std::string& key) {
  auto& entry = entries_.at(key);
  ++entry.executions;
  if (entry.executions > 1 && !entry.harmless && !entry.spec_replay) {
    scene_.broken("once", "{} ran {} times", key, entry.executions);
  }
  if (entry.told_not_executed) {
    scene_.broken("truth", "{} ran although its caller was told that it did not", key);
  }
}

void Ledger::told(const std::string& key, const upstream::CallResult& result) {
  auto& entry = entries_.at(key);
  const int parts = (result.response ? 1 : 0) + (result.stream ? 1 : 0) + (result.error ? 1 : 0);
  if (parts != 1) {
    return scene_.broken("truth", "{} ended with {} of response, stream and error", key, parts);
  }
  if (entry.told) return scene_.broken("truth", "{} ended twice", key);
  entry.told = true;
  if (result.response) return told_response(entry, *result.response);
  if (result.error) told_error(entry, *result.error);
}

void Ledger::told_response(const Entry& entry, const protocol::Frame& response) {
  const auto& key = entry.key;
  if (response.kind() == protocol::Frame::Kind::result) {
    if (entry.executions == 0) scene_.broken("truth", "{} has a result and never ran", key);
    if (response.result().find(fmt::format("\"{}\"", key)) == std::string_view::npos) {
      scene_.broken("truth", "{} got the result of another call: {}", key, response.result());
    }
    return;
  }
  const auto error = words_of_error(response.error());
  if (entry.errors.contains(error) || entry.odd_refusals.contains(error)) return;
  scene_.broken("truth", "{} got an error that the server did not mean: {}", key, error);
}

void Ledger::told_error(Entry& entry, const upstream::CallError& error) {
  const auto& key = entry.key;
  if (error.not_executed()) {
    entry.told_not_executed = true;
    if (entry.executions > 0) {
      scene_.broken(
          "truth", "{} ran {} times; its caller was told that it did not ({})", key,
          entry.executions, error.message
      );
    }
    return;
  }
  const bool honest = std::ranges::any_of(entry.attempts, [](const Attempt& attempt) {
    return attempt.evidence == Evidence::maybe || attempt.evidence == Evidence::unclear;
  });
  if (!honest) {
    scene_.broken(
        "truth", "{} certainly did not run; its caller was told that it may have ({}: {})", key,
        error.kind, error.message
    );
  }
}

}  // namespace mooring::simulation
