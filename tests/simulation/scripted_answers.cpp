// The stations of a message at a scripted server: written, arrived, run, answered.
#include "protocol/messages.hpp"
#include "scripted_upstream.hpp"

namespace mooring::simulation {

using protocol::Frame;
using recovery::Stage;
using transport::Outcome;

namespace {

constexpr std::string_view json = "application/json";
constexpr std::string_view html = "text/html";
constexpr std::string_view bad_parameters =
    R"({"code":-32602,"message":"Invalid request parameters","data":""})";
constexpr std::string_view ended_early =
    R"({"code":-32600,"message":"Session terminated before the request completed"})";
constexpr std::string_view no_such_method = R"({"code":-32601,"message":"Method not found"})";
constexpr std::string_view no_such_tool = R"({"code":-32602,"message":"Unknown tool: nothing"})";

/// A notification that was taken.
Outcome accepted() { return {}; }

Outcome error_answer(const Exchange& exchange, std::string_view error) {
  Outcome made;
  made.response =
      *Frame::parse(fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{}}})", exchange.id, error));
  return made;
}

bool can_be_answered_badly(const Exchange& exchange) {
  return exchange.is_request && exchange.method != "initialize" && exchange.method != "ping";
}

}  // namespace

void ScriptedUpstream::submit(const ExchangePtr& exchange) {
  exchange->meets = begins_session(*exchange);
  exchange->session = session_of(*exchange);
  exchange->fault = fault_for(*exchange);
  scene_.tell(
      profile_.name, "> {} {} on {}{}{}", exchange->method, exchange->key,
      exchange->session ? exchange->session->id : "nothing",
      exchange->fault == Fault::none ? "" : ": ",
      exchange->fault == Fault::none ? "" : to_string(exchange->fault)
  );
  watch_.message(*exchange);
  if (!exchange->session && !exchange->meets) {
    return scene_.broken(
        "initialized", "{} got {} without a session", profile_.name, exchange->method
    );
  }
  if (!exchange->key.empty()) exchange->attempt = ledger_.sent(exchange->key, exchange->session);
  exchanges_.insert(exchange);
  if (exchange->process) {
    if (!exchange->process->alive) {
      return finish_later(
          exchange, outcome(not_sent(*exchange, Stage::process, "the process is gone")),
          Evidence::not_sent
      );
    }
    exchange->written = true;
    // A pipe takes it, and nobody can refuse it.
    if (exchange->method == "notifications/initialized") {
      exchange->session->accepted = true;
      watch_.established(exchange->session);
    }
    return later(exchange, delay(5), &ScriptedUpstream::arrive);
  }
  if (exchange->fault != Fault::connect_hang) later(exchange, delay(3), &ScriptedUpstream::write);
}

/// In the modern era a server is met with a question that belongs to no session that stands.
bool ScriptedUpstream::begins_session(const Exchange& exchange) const {
  if (exchange.method == "initialize") return true;
  if (!profile_.modern || exchange.method != "server/discover") return false;
  if (!exchange.process) return !nameless_.contains(exchange.headers);
  const auto found = of_process_.find(exchange.process);
  return found != of_process_.end() && !found->second;
}

std::shared_ptr<Session> ScriptedUpstream::session_of(const Exchange& exchange) {
  if (exchange.meets) return nullptr;
  switch (profile_.kind) {
    case Kind::http: {
      const auto found = sessions_.find(exchange.headers ? exchange.headers->session_id : "");
      return found == sessions_.end() ? nullptr : found->second;
    }
    case Kind::http_without_ids: {
      if (profile_.modern) {
        const auto found = nameless_.find(exchange.headers);
        return found == nameless_.end() ? nullptr : found->second;
      }
      const auto [known, is_new] = nameless_.try_emplace(exchange.headers, newest_);
      return known->second;
    }
    case Kind::stdio:
      for (const auto& [process, session] : of_process_) {
        if (process == exchange.process) return session;
      }
      // Of a process that is gone: whatever stood last.
      return newest_;
  }
  return nullptr;
}

void ScriptedUpstream::later(
    const ExchangePtr& exchange, Duration delay, void (ScriptedUpstream::*next)(const ExchangePtr&)
) {
  scene_.after(delay, [this, exchange, next] {
    if (!exchange->cut) (this->*next)(exchange);
  });
}

void ScriptedUpstream::write(const ExchangePtr& exchange) {
  if (exchange->given_up) return;
  if (!reachable() || exchange->fault == Fault::connect_refused) {
    return finish(
        exchange, outcome(not_sent(*exchange, Stage::connect, "connection refused")),
        Evidence::not_sent
    );
  }
  if (exchange->fault == Fault::reset_unsent) {
    return finish(
        exchange, outcome(not_sent(*exchange, Stage::write, "connection reset by peer")),
        Evidence::not_sent
    );
  }
  exchange->written = true;
  later(exchange, delay(10), &ScriptedUpstream::arrive);
}

void ScriptedUpstream::arrive(const ExchangePtr& exchange) {
  if (turned_away(exchange)) return;
  if (exchange->fault == Fault::forget) forget_sessions();
  if (session_refused(exchange)) return;
  if (exchange->fault == Fault::hang) return;
  if (!exchange->is_request) {
    if (exchange->method == "notifications/initialized") exchange->session->initialized = true;
    return finish_later(exchange, accepted(), Evidence::answered);
  }
  const bool slow = exchange->fault == Fault::slow;
  if (slow) make_progress(exchange);
  later(exchange, slow ? draw_.time(1000, 20000) : delay(40), &ScriptedUpstream::run);
}

/// What finds fault with a message before it is looked at.
bool ScriptedUpstream::turned_away(const ExchangePtr& exchange) {
  const auto after = std::to_string(draw_.between(1, 20));
  const auto say = [&](int status, std::string_view type, std::string body, bool retry_after) {
    std::vector<std::pair<std::string, std::string>> headers;
    if (retry_after) headers.emplace_back("Retry-After", after);
    finish_later(
        exchange, http_answer(*exchange, status, type, std::move(body), std::move(headers)),
        Evidence::unclear
    );
    return true;
  };
  if (gate_ != nullptr && exchange->fault == Fault::unauthorized) gate_->refused();
  if (gate_ != nullptr && !gate_->lets_in(exchange->token)) {
    scene_.tell(profile_.name, "  the token of {} is not good", exchange->method);
    finish_later(
        exchange,
        http_answer(
            *exchange, 401, json, R"({"error":"invalid_token"})",
            {{"WWW-Authenticate", R"(Bearer error="invalid_token")"}}
        ),
        Evidence::unclear
    );
    return true;
  }
  switch (exchange->fault) {
    case Fault::reset_before:
      finish(
          exchange, outcome(broken(*exchange, Stage::headers, "connection reset by peer")),
          Evidence::maybe
      );
      return true;
    case Fault::unauthorized:
      return say(401, json, R"({"error":"invalid_token"})", false);
    case Fault::rate_limited:
      return say(429, json, R"({"error":"slow down"})", true);
    case Fault::unavailable:
      return say(503, html, "<html><title>Service Unavailable</title></html>", true);
    case Fault::odd_400:
      return say(400, "text/plain", "The flux capacitor is misaligned", false);
    case Fault::die_before:
      die(exchange->process, "exited with status 3");
      return true;
    default:
      return false;
  }
}

bool ScriptedUpstream::session_refused(const ExchangePtr& exchange) {
  if (profile_.kind != Kind::http || exchange->method == "initialize") return false;
  const bool notification = !exchange->is_request;
  const bool rejected =
      scene_.now() < rejects_until_ && exchange->method != "notifications/initialized";
  if (exchange->session->known && !rejected) return false;
  const auto& dialect = *profile_.dialect;
  if (dialect.answers_ping && (notification || exchange->method == "ping")) return false;
  auto said = expired(*exchange, dialect);
  const bool odd = is_odd(dialect);
  if (odd && !exchange->key.empty()) {
    ledger_.at(exchange->key).odd_refusals.emplace(words_in(said));
  }
  scene_.tell(profile_.name, "  {} is unknown here ({})", exchange->session->id, dialect.name);
  finish_later(exchange, std::move(said), odd ? Evidence::unclear : Evidence::refused);
  return true;
}

void ScriptedUpstream::make_progress(const ExchangePtr& exchange) {
  if (exchange->progress_token.empty()) return;
  scene_.after(draw_.time(300, 2000), [this, exchange] {
    if (exchange->outcome || exchange->given_up || exchange->cut) return;
    exchange->messages.push_back(*Frame::parse(protocol::make_notification(
        "notifications/progress",
        fmt::format(R"({{"progressToken":{},"progress":1}})", exchange->progress_token)
    )));
    exchange->changed.notify();
    make_progress(exchange);
  });
}

void ScriptedUpstream::run(const ExchangePtr& exchange) {
  using enum Fault;
  const auto fault = exchange->fault;
  const bool perhaps = fault == bad_gateway || fault == garbage || fault == unfinished;
  const bool refused = fault == error_answer || fault == odd_answer;
  if (!exchange->key.empty() && !refused && (!perhaps || draw_.chance(0.5))) {
    exchange->ran = true;
    scene_.tell(profile_.name, "  {} runs", exchange->key);
    ledger_.executed(exchange->key);
  }
  if (answer_badly(exchange)) return;
  if (profile_.modern && exchange->method == "initialize") {
    return finish_later(
        exchange,
        profile_.kind == Kind::stdio
            ? simulation::error_answer(*exchange, no_such_method)
            : http_answer(
                  *exchange, 404, json,
                  fmt::format(R"({{"jsonrpc":"2.0","id":null,"error":{}}})", no_such_method)
              ),
        Evidence::answered
    );
  }
  if (exchange->meets) return open_session(exchange);
  if (exchange->method == "subscriptions/listen" && exchange->fault != Fault::error_answer &&
      exchange->fault != Fault::odd_answer) {
    return acknowledge(exchange);
  }
  if (exchange->method == "ping" && !profile_.knows_ping) {
    return finish_later(
        exchange,
        simulation::error_answer(*exchange, R"({"code":-32601,"message":"Method not found"})"),
        Evidence::answered
    );
  }
  answer_call(exchange);
}

/// What befalls the answer on its way back.
bool ScriptedUpstream::answer_badly(const ExchangePtr& exchange) {
  const bool process = exchange->process != nullptr;
  const auto fail = [&](Stage stage, std::string text, bool begun) {
    auto failure = broken(*exchange, stage, std::move(text));
    failure.response_begun = begun;
    finish(exchange, outcome(std::move(failure)), Evidence::maybe);
    return true;
  };
  switch (exchange->fault) {
    case Fault::reset_after:
      return fail(Stage::headers, "connection reset by peer", false);
    case Fault::cut_stream:
      return fail(Stage::body, "the event stream ended before the response", true);
    case Fault::hang_after:
      return true;
    case Fault::bad_gateway:
      finish_later(
          exchange, http_answer(*exchange, 502, html, "<html><title>Bad Gateway</title></html>"),
          Evidence::maybe
      );
      return true;
    case Fault::garbage:
      finish_later(
          exchange, http_answer(*exchange, 200, html, "<html><title>Welcome</title></html>"),
          Evidence::maybe
      );
      return true;
    case Fault::unfinished:
      // To a request without a session it is an answer like any other.
      if (profile_.kind != Kind::http && !exchange->key.empty()) {
        ledger_.at(exchange->key).errors.emplace(words_of_error(ended_early));
      }
      finish_later(
          exchange,
          http_answer(
              *exchange, 404, json,
              fmt::format(R"({{"jsonrpc":"2.0","id":null,"error":{}}})", ended_early)
          ),
          Evidence::maybe
      );
      return true;
    case Fault::wrong_id:
      if (process) return true;  // what answers nobody is dropped
      finish_later(
          exchange, http_answer(*exchange, 200, json, protocol::make_result("\"other\"", "{}")),
          Evidence::maybe
      );
      return true;
    case Fault::die_after:
      die(exchange->process, "exited with status 3");
      return true;
    default:
      return false;
  }
}

void ScriptedUpstream::open_session(const ExchangePtr& exchange) {
  auto session = std::make_shared<Session>();
  session->ordinal = ++last_session_;
  session->served = served_;
  session->id = fmt::format("{}-s{}", profile_.name, session->ordinal);
  // Perhaps too late for those who wait.
  if (exchange->fault == Fault::late) ++session->trouble;
  newest_ = session;
  if (profile_.modern) {
    session->initialized = true;
  } else {
    sessions_[session->id] = session;
  }
  if (exchange->process) of_process_[exchange->process] = session;
  if (exchange->fault == Fault::error_answer || exchange->fault == Fault::odd_answer) {
    return finish_later(
        exchange, simulation::error_answer(*exchange, no_such_tool), Evidence::answered
    );
  }
  if (profile_.modern) {
    exchange->session = session;
    if (!exchange->process) nameless_[exchange->headers] = session;
    return finish_later(
        exchange,
        answered(
            *exchange,
            fmt::format(
                R"({{"supportedVersions":["2026-07-28"],"capabilities":{{"tools":{{"listChanged":{}}},"resources":{{}}}}}})",
                profile_.announces
            )
        ),
        Evidence::answered
    );
  }
  auto opened = answered(
      *exchange,
      fmt::format(
          R"({{"protocolVersion":"2025-11-25","capabilities":{{"tools":{{"listChanged":{}}},)"
          R"("resources":{{}}}},"serverInfo":{{"name":"scripted","version":"1"}}}})",
          profile_.announces
      )
  );
  if (profile_.kind == Kind::http) opened.session_id = session->id;
  finish_later(exchange, std::move(opened), Evidence::answered);
}

void ScriptedUpstream::answer_call(const ExchangePtr& exchange) {
  const bool bad = can_be_answered_badly(*exchange);
  if (bad && (exchange->fault == Fault::error_answer || exchange->fault == Fault::odd_answer)) {
    const auto error = exchange->fault == Fault::odd_answer ? bad_parameters : no_such_tool;
    if (!exchange->key.empty()) ledger_.at(exchange->key).errors.emplace(words_of_error(error));
    // The odd one may be taken for a word about the session.
    const auto evidence =
        exchange->fault == Fault::odd_answer ? Evidence::unclear : Evidence::answered;
    return finish_later(exchange, simulation::error_answer(*exchange, error), evidence);
  }
  finish_later(exchange, answered(*exchange, result_of(*exchange)), Evidence::answered);
}

std::string ScriptedUpstream::result_of(const Exchange& exchange) const {
  if (exchange.method == "tools/list") return tool_list(exchange.cursor);
  if (exchange.method == "resources/list") return R"({"resources":[{"uri":"sim:1","name":"one"}]})";
  if (exchange.method == "resources/templates/list") return R"({"resourceTemplates":[]})";
  const auto meta = fmt::format(R"("_meta":{{"key":"{}"}})", exchange.key);
  if (exchange.method == "resources/read") {
    return fmt::format(R"({{"contents":[{{"uri":"sim:1","text":"one"}}],{}}})", meta);
  }
  if (exchange.method != "tools/call") return "{}";
  if (exchange.fault == Fault::tool_error) {
    return fmt::format(
        R"({{"isError":true,"content":[{{"type":"text","text":"Session expired"}}],{}}})", meta
    );
  }
  return fmt::format(R"({{"content":[{{"type":"text","text":"done"}}],{}}})", meta);
}

std::string ScriptedUpstream::tool_list(const std::string& cursor) const {
  constexpr std::string_view first =
      R"({"tools":[{"name":"write","inputSchema":{}},)"
      R"({"name":"read","inputSchema":{},"annotations":{"readOnlyHint":true}}],"nextCursor":"2"})";
  if (cursor.empty()) return std::string(first);
  constexpr std::string_view put =
      R"({"name":"put","inputSchema":{},"annotations":{"idempotentHint":true}})";
  return fmt::format(
      R"({{"tools":[{}{}]}})", put, extra_tool_ ? R"(,{"name":"extra","inputSchema":{}})" : ""
  );
}

// ---- the end of a message

void ScriptedUpstream::finish_later(
    const ExchangePtr& exchange, Outcome outcome, Evidence evidence
) {
  const bool late = exchange->fault == Fault::late;
  const auto said = std::make_shared<Outcome>(std::move(outcome));
  scene_.after(late ? draw_.time(100, 3000) : delay(10), [this, exchange, said, evidence] {
    if (!exchange->cut) finish(exchange, std::move(*said), evidence);
  });
}

void ScriptedUpstream::finish(const ExchangePtr& exchange, Outcome outcome, Evidence evidence) {
  if (exchange->given_up || exchange->outcome) return;
  scene_.tell(
      profile_.name, "< {} {}: {}", exchange->method, exchange->key,
      outcome.failure ? recovery::describe(*outcome.failure) : std::string(to_string(evidence))
  );
  account(*exchange, outcome, evidence);
  exchange->outcome = std::move(outcome);
  exchanges_.erase(exchange);
  watch_.ended(*exchange);
  if (exchange->from_client && evidence != Evidence::answered) watch_.failed();
  exchange->changed.notify();
}

void ScriptedUpstream::account(
    const Exchange& exchange, const Outcome& outcome, Evidence evidence
) {
  const auto& session = exchange.session;
  if (session && exchange.meets) {
    // The answer is all there is to a meeting.
    session->accepted = outcome.response.has_value();
    if (session->accepted) watch_.established(session);
  } else if (session && exchange.method == "subscriptions/listen") {
    // One that broke is opened again in the same session, unless nobody is there.
    if (outcome.failure && outcome.failure->stage == Stage::connect) ++session->trouble;
  } else if (session) {
    // Who does not know `ping` says so, and is well.
    const bool error = outcome.response && outcome.response->kind() == Frame::Kind::error &&
                       (exchange.method != "ping" || evidence != Evidence::answered);
    if (outcome.failure || error) ++session->trouble;
    // A probe is content with an error, too, if that does not speak of the session.
    const bool odd = exchange.fault == Fault::odd_answer && outcome.response;
    const bool of_none = exchange.fault == Fault::unfinished && profile_.kind != Kind::http;
    const bool answered = evidence == Evidence::answered || odd || of_none;
    if (answered && exchange.is_request) {
      ++session->answered;
      ++*session->served;
    }
    const bool taken = !outcome.failure && !outcome.response;
    if (exchange.method == "notifications/initialized" && taken && !exchange.process) {
      session->accepted = true;
      watch_.established(session);
      if (exchange.fault == Fault::late) ++session->trouble;
    }
  }
  if (!exchange.key.empty()) ledger_.ended(exchange.key, exchange.attempt, evidence);
}

void ScriptedUpstream::abandoned(const ExchangePtr& exchange) {
  if (exchange->given_up || exchange->outcome) return;
  scene_.tell(profile_.name, "x {} {} is given up", exchange->method, exchange->key);
  exchange->given_up = true;
  exchanges_.erase(exchange);
  watch_.ended(*exchange);
  const bool probe = !exchange->from_client && exchange->method != "subscriptions/listen";
  if (exchange->session && probe) ++exchange->session->trouble;
  if (!exchange->key.empty()) {
    ledger_.ended(
        exchange->key, exchange->attempt, exchange->written ? Evidence::maybe : Evidence::not_sent
    );
  }
}

}  // namespace mooring::simulation
