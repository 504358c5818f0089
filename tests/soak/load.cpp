#include "soak/load.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/messages.hpp"

namespace mooring::soak {

using namespace std::chrono_literals;
using integration::at;
using integration::Client;
using integration::Exchange;
using integration::Session;
using integration::text;
namespace json = integration::json;

namespace {

constexpr std::size_t client_count = 32;
constexpr std::size_t clients_a_thread = 8;  ///< that share one thread for their sockets

/// Results of this size are forwarded while they arrive: where the server breaks off, so must the
/// gateway.
constexpr std::size_t streamed_from = std::size_t{64} << 10;

enum class Ending : std::uint8_t { answer, cancel, leave };

std::string shown(const json::value& answer) {
  auto all = json::serialize(answer);
  if (all.size() > 600) all = all.substr(0, 600) + "…";
  return all;
}

}  // namespace

std::size_t Tally::calls() const {
  std::size_t sum = 0;
  for (const auto& [outcome, number] : outcomes) sum += number;
  return sum;
}

struct Load::Call {
  std::string server, tool, name, key, arguments;
  Ending ending = Ending::answer;
  bool progress = false;
  std::size_t bytes = 0;  ///< of big_result
  bool well = false;      ///< it was made when all servers were
  Clock::time_point begin = Clock::now();

  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin).count(); }
  std::string what() const { return fmt::format("{} of {} {}", tool, server, arguments); }
};

Load::Load(
    std::string gateway, std::vector<std::string> servers, Claims& claims, Journal& journal,
    std::uint64_t seed
)
    : gateway_(std::move(gateway)),
      servers_(std::move(servers)),
      claims_(claims),
      journal_(journal) {
  for (std::size_t i = 0; i < client_count / clients_a_thread; ++i) {
    clients_.push_back(std::make_unique<Client>());
  }
  for (std::size_t i = 0; i < client_count; ++i) {
    threads_.emplace_back([this, i, seed] { run(i, Dice(seed, 100 + i)); });
  }
}

Load::~Load() {
  stop_.set();
  for (auto& thread : threads_) thread.join();
}

Tally Load::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

void Load::count(const std::string& outcome, double seconds) {
  const std::lock_guard lock(mutex_);
  ++tally_.outcomes[outcome];
  tally_.slowest = std::max(tally_.slowest, seconds);
}

void Load::run(std::size_t number, Dice dice) {
  auto& client = *clients_[number / clients_a_thread];
  for (std::size_t i = 0; !stop_.stopped(); ++i) {
    try {
      round(client, fmt::format("c{:02}r{}", number, i), dice);
    } catch (const std::exception& error) {
      journal_.violation("the gateway cannot be reached", error.what());
      stop_.pause(1s);
    }
  }
}

void Load::round(Client& client, const std::string& prefix, Dice& dice) {
  const auto& own = servers_[dice.below(servers_.size())];
  const auto begin = Clock::now();
  Session all(client, gateway_ + "/mcp");
  Session one(client, gateway_ + "/mcp/" + own);
  for (const auto* session : {&all, &one}) {
    if (!session->id().empty()) continue;
    journal_.violation(
        "no session with the gateway", session->url() + " " + shown(session->opened())
    );
    stop_.pause(1s);
    return;
  }
  const auto took = Clock::now() - begin;
  if (took > 2s + stalls_.since(begin)) {
    journal_.violation(
        "two sessions take more than 2 s",
        fmt::format("{:.2f} s", std::chrono::duration<double>(took).count())
    );
  }
  const auto calls = 10 + dice.below(60);
  for (std::size_t i = 0; i < calls; ++i) {
    if (!stop_.pause(dice.time(20ms, 250ms))) break;
    const bool aggregated = dice.chance(0.5);
    const auto& server = aggregated ? servers_[dice.below(servers_.size())] : own;
    const auto call = draw(fmt::format("{}n{}", prefix, i), server, aggregated, dice);
    make(aggregated ? all : one, call, dice);
  }
  // The others are forgotten, as many clients do.
  if (dice.chance(0.7)) {
    all.end(false);
    one.end(false);
  }
}

Load::Call Load::draw(
    const std::string& prefix, const std::string& server, bool aggregated, Dice& dice
) {
  Call call;
  call.server = server;
  call.well = all_well_;
  const auto kind = dice.below(100);
  const auto key = fmt::format(R"("key":"{}")", prefix);
  call.key = prefix;
  if (kind < 45) {
    call.tool = "count";
    call.arguments = fmt::format("{{{}}}", key);
  } else if (kind < 65) {
    call.tool = kind < 55 ? "count" : kind < 60 ? "count_read_only" : "count_idempotent";
    call.arguments =
        fmt::format(R"({{{},"seconds":{:.2f}}})", key, 0.01 * static_cast<double>(dice.below(150)));
  } else if (kind < 78) {
    call.tool = kind < 72 ? "count_read_only" : "count_idempotent";
    call.arguments = fmt::format("{{{}}}", key);
  } else if (kind < 84) {
    call.tool = "count";
    call.ending = kind < 82 ? Ending::cancel : Ending::leave;
    call.arguments = fmt::format(R"({{{},"seconds":2}})", key);
  } else {
    call.key.clear();
    call.tool = kind < 93 ? "slow" : "big_result";
    call.progress = kind < 93;
    call.bytes = call.progress ? 0 : 1 + dice.below(kind < 98 ? 200'000 : 2'000'000);
    call.arguments =
        call.progress ? R"({"seconds":0.4})" : fmt::format(R"({{"bytes":{}}})", call.bytes);
  }
  call.name = aggregated ? server + "__" + call.tool : call.tool;
  return call;
}

void Load::make(Session& session, const Call& call, Dice& dice) {
  const auto meta = call.progress ? R"({"progressToken":"p"})" : "";
  auto exchange = session.start_tool(call.name, call.arguments, meta);
  const auto id = session.last_id();
  if (call.ending != Ending::answer) {
    stop_.pause(dice.time(0ms, 400ms));
    if (call.ending == Ending::leave) {
      exchange.close();
      claims_.add(call.key, call.tool, Claim::unknown, "nobody waited");
      return count("left", 0);
    }
    session.send(protocol::make_notification(
        "notifications/cancelled", fmt::format(R"({{"requestId":{},"reason":"soak"}})", id)
    ));
  }
  judge(call, exchange, exchange.response(id));
}

void Load::judge(const Call& call, Exchange& exchange, const json::value& answer) {
  judge_time(call);
  if (!answer.is_null()) {
    if (answer.as_object().contains("result")) {
      return judge_result(call, answer, exchange.count("notifications/progress"));
    }
    return judge_error(call, answer);
  }
  if (!call.key.empty()) claims_.add(call.key, call.tool, Claim::unknown, "no answer");
  if (call.ending == Ending::cancel) return count("cancelled", call.seconds());
  if (call.bytes >= streamed_from && !call.well) return count("broken off", call.seconds());
  count("no answer", call.seconds());
  const auto events = exchange.events();
  journal_.violation(
      "a call without an answer",
      fmt::format(
          "{}, after {:.2f} s; {} messages, the last: {}", call.what(), call.seconds(),
          events.size(), events.empty() ? "" : events.back().data.substr(0, 400)
      )
  );
}

void Load::judge_time(const Call& call) {
  // Progress and pieces of a large result move the deadline.
  const bool moves = call.progress || call.bytes > 0;
  const std::chrono::duration<double> allowed = (moves ? timeout_max : timeout) + 1s;
  const auto stalled = stalls_.since(call.begin).count();
  if (call.seconds() <= allowed.count() + stalled) return;
  journal_.violation(
      "past its deadline",
      fmt::format("{}: {:.2f} s, {:.2f} s of stalls", call.what(), call.seconds(), stalled)
  );
}

void Load::judge_result(const Call& call, const json::value& answer, std::size_t progress) {
  count("result", call.seconds());
  std::string wrong;
  if (!call.key.empty()) {
    claims_.add(call.key, call.tool, Claim::executed, shown(answer));
    if (!at(answer, "/result/structuredContent/count").is_int64()) wrong = "holds no count";
  } else if (call.progress) {
    if (progress == 0) wrong = "came without progress";
    if (text(answer, "/result/content/0/text") != "Slept 0.4 s") wrong = "is another's";
  } else if (text(answer, "/result/content/0/text").size() != call.bytes) {
    wrong = "has another size";
  }
  if (!wrong.empty()) {
    journal_.violation(
        "a wrong result", fmt::format("{}: {} {}", call.what(), wrong, shown(answer))
    );
  }
}

void Load::judge_error(const Call& call, const json::value& answer) {
  const auto outcome = text(answer, "/error/data/mooring/outcome");
  const bool not_executed = outcome == "not_executed";
  if (!call.key.empty()) {
    claims_.add(
        call.key, call.tool, not_executed ? Claim::not_executed : Claim::unknown, shown(answer)
    );
  }
  count(outcome.empty() ? "error of the server" : outcome, call.seconds());
  if (call.well && call.ending == Ending::answer) {
    journal_.violation("a call fails though all is well", call.what() + ": " + shown(answer));
  }
}

}  // namespace mooring::soak
