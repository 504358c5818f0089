#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <set>
#include <string>
#include <vector>

#include "evidence.hpp"
#include "exchange.hpp"
#include "gate.hpp"
#include "watch.hpp"

namespace mooring::simulation {

/// What a scripted server is like, for as long as a run lasts.
struct Profile {
  std::string name;
  Kind kind = Kind::http;
  bool quiet = false;  ///< nothing ever befalls it
  const chaos::ExpiryDialect* dialect = nullptr;
  bool keeps_sessions = false;  ///< over a restart
  bool offers_stream = false;
  bool streams_end_with_session = false;
  bool announces = true;  ///< tools.listChanged
  bool knows_ping = true;
  bool guarded = false;  ///< wants access tokens
  bool modern = false;   ///< speaks 2026-07-28 alone: no session ids, and no `initialize`
  UpstreamConfig config;
};

/// An MCP server with trouble: keeps sessions and forgets them, runs calls, and meets the weather.
/// What it does takes its time whether or not somebody still waits for it.
class ScriptedUpstream {
 public:
  ScriptedUpstream(Scene& scene, Ledger& ledger, Draw draw, Profile profile, Weather weather);

  const Profile& profile() const { return profile_; }
  /// Wants access tokens that `gate` has given; it outlives this.
  void guard(Gate& gate) { gate_ = &gate; }
  const Watch& watch() const { return watch_; }
  Watch& watch() { return watch_; }

  // From the channels:
  void submit(const ExchangePtr& exchange);
  void abandoned(const ExchangePtr& exchange);  ///< its sender gave it up
  void listen(const StreamPtr& stream);
  void left(const StreamPtr& stream);
  std::shared_ptr<Session> session_named(const std::string& id) const;
  /// Null: the process did not start.
  std::shared_ptr<Process> spawn();
  void end(const std::shared_ptr<Process>& process);  ///< its client wants it so
  void end_session(const transport::SessionHeaders& session);
  bool reachable() const { return scene_.now() >= down_until_; }

  void happen(const Happening& happening);
  /// From now on nothing goes wrong any more, and what was wrong is over.
  void calm();
  std::size_t open() const { return exchanges_.size() + streams_.size(); }

 private:
  using Failure = recovery::Failure;

  Fault fault_for(const Exchange& exchange);
  bool touches(Where where, const Exchange& exchange) const;
  bool begins_session(const Exchange& exchange) const;
  std::shared_ptr<Session> session_of(const Exchange& exchange);
  Duration delay(int most_ms) { return draw_.time(0, most_ms); }
  void later(
      const ExchangePtr& exchange, Duration delay,
      void (ScriptedUpstream::*next)(const ExchangePtr&)
  );

  // The stations of a message.
  void write(const ExchangePtr& exchange);
  void arrive(const ExchangePtr& exchange);
  bool turned_away(const ExchangePtr& exchange);
  bool session_refused(const ExchangePtr& exchange);
  void run(const ExchangePtr& exchange);
  void answer(const ExchangePtr& exchange);
  void answer_call(const ExchangePtr& exchange);
  bool answer_badly(const ExchangePtr& exchange);
  void make_progress(const ExchangePtr& exchange);

  void finish(const ExchangePtr& exchange, transport::Outcome outcome, Evidence evidence);
  void finish_later(const ExchangePtr& exchange, transport::Outcome outcome, Evidence evidence);
  void account(const Exchange& exchange, const transport::Outcome& outcome, Evidence evidence);
  void open_session(const ExchangePtr& exchange);
  void acknowledge(const ExchangePtr& listen);
  std::string result_of(const Exchange& exchange) const;
  std::string tool_list(const std::string& cursor) const;

  void die(const std::shared_ptr<Process>& process, std::string_view how, bool ended = false);
  void forget_sessions();
  void cut_connections();
  void end_streams(bool of_forgotten_sessions);
  void announce();

  Scene& scene_;
  Ledger& ledger_;
  Draw draw_;
  Profile profile_;
  Weather weather_;
  Watch watch_;
  Gate* gate_ = nullptr;
  bool calm_ = false;
  TimePoint begin_, down_until_, rejects_until_;
  bool extra_tool_ = false;
  int last_pid_ = 100;
  std::uint64_t last_session_ = 0;
  std::shared_ptr<int> served_ = std::make_shared<int>(0);
  std::map<std::string, std::shared_ptr<Session>> sessions_;
  /// Servers without session ids: what the sender means is told by its headers object.
  std::map<std::shared_ptr<const transport::SessionHeaders>, std::shared_ptr<Session>> nameless_;
  std::map<std::shared_ptr<Process>, std::shared_ptr<Session>> of_process_;
  std::shared_ptr<Session> newest_;
  std::set<ExchangePtr> exchanges_;
  std::set<StreamPtr> streams_;
};

}  // namespace mooring::simulation
