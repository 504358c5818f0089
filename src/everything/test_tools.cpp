#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "everything/tool_call.hpp"
#include "everything/toolbox.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

/// Tools for tests of gateways and agents: they count, wait, grow, change the server and break it.
namespace mooring::everything {
namespace {

constexpr std::string_view read_only =
    R"({"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false})";
constexpr std::string_view idempotent =
    R"({"readOnlyHint":false,"destructiveHint":false,"idempotentHint":true,"openWorldHint":false})";
constexpr std::string_view destructive =
    R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":false})";
constexpr std::string_view count_output =
    R"({"type":"object","properties":{"count":{"type":"integer"}},"required":["count"]})";
constexpr std::string_view count_input =
    R"({"type":"object","properties":{"key":{"type":"string","description":"What is counted"},)"
    R"("seconds":{"type":"number","minimum":0,"description":"Time between counting and answering"}},)"
    R"("required":["key"]})";

constexpr std::size_t largest_result = std::size_t{256} << 20;
constexpr double longest_wait = 24 * 3600.0;

core::Duration seconds(double value) {
  return core::Duration(std::llround(std::clamp(value, 0.0, longest_wait) * 1000));
}

awaitable<std::string> echo(ToolCall& call) {
  auto text = call.arguments().text("text");
  if (!text) co_return error_result("text must be a string");
  co_return text_result(*text);
}

awaitable<std::string> add_numbers(ToolCall& call) {
  auto a = call.arguments().number("a");
  auto b = call.arguments().number("b");
  if (!a || !b) co_return error_result("a and b must be numbers");
  double sum = *a + *b;
  if (!std::isfinite(sum)) co_return error_result("the sum is too large");
  auto text = fmt::format("{}", sum);
  co_return structured_result(text, fmt::format(R"({{"sum":{}}})", text));
}

std::string count_result(std::uint64_t count) {
  return structured_result(fmt::to_string(count), fmt::format(R"({{"count":{}}})", count));
}

awaitable<std::string> count(ToolCall& call) {
  auto key = call.arguments().text("key");
  if (!key) co_return error_result("key must be a string");
  auto now = ++call.world().counters[*key];
  if (!call.world().ledger.add(call.tool(), *key)) co_return error_result("The ledger is full");
  if (auto wait = call.arguments().number("seconds")) co_await call.pause(seconds(*wait));
  co_return count_result(now);
}

awaitable<std::string> count_of(ToolCall& call) {
  auto key = call.arguments().text("key");
  if (!key) co_return error_result("key must be a string");
  const auto& counters = call.world().counters;
  auto at = counters.find(*key);
  co_return count_result(at == counters.end() ? 0 : at->second);
}

awaitable<std::string> slow(ToolCall& call) {
  auto wanted = call.arguments().number("seconds");
  if (!wanted) co_return error_result("seconds must be a number");
  const bool report = call.arguments().boolean("progress").value_or(true);
  const auto begin = call.world().timers.now();
  const auto end = begin + seconds(*wanted);
  const double total = std::chrono::duration<double>(end - begin).count();
  while (call.world().timers.now() < end && !call.cancelled()) {
    if (report) {
      auto done = std::chrono::duration<double>(call.world().timers.now() - begin).count();
      co_await call.progress(std::round(done * 1000) / 1000, total);
    }
    auto left = std::chrono::ceil<core::Duration>(end - call.world().timers.now());
    co_await call.pause(std::min<core::Duration>(left, std::chrono::milliseconds(100)));
  }
  co_return text_result(fmt::format("Slept {} s", total));
}

awaitable<std::string> big_result(ToolCall& call) {
  auto bytes = call.arguments().integer("bytes");
  if (!bytes || *bytes < 0 || static_cast<std::size_t>(*bytes) > largest_result) {
    co_return error_result(fmt::format("bytes must be an integer from 0 to {}", largest_result));
  }
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string text(static_cast<std::size_t>(*bytes), ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = alphabet[i % alphabet.size()];
  co_return text_result(text);
}

awaitable<std::string> log_burst(ToolCall& call) {
  auto wanted = call.arguments().integer("count").value_or(-1);
  if (wanted < 0 || wanted > 100'000) co_return error_result("count must be from 0 to 100000");
  for (std::int64_t i = 1; i <= wanted && !call.cancelled(); ++i) {
    co_await call.log(fmt::format("Message {} of {}", i, wanted));
  }
  co_return text_result(fmt::format("Sent {} log messages", wanted));
}

awaitable<std::string> mutate_tools(ToolCall& call) {
  auto& world = call.world();
  auto add = call.arguments().text("add");
  auto remove = call.arguments().text("remove");
  if (!add && !remove) co_return error_result("add or remove must name a tool");
  if (remove && !world.tools.remove(*remove)) co_return error_result("There is no tool " + *remove);
  if (add) world.tools.add_dummy(*add);
  world.broadcast(protocol::make_notification("notifications/tools/list_changed"));
  co_return text_result("The list of tools has changed");
}

awaitable<std::string> touch_resource(ToolCall& call) {
  auto uri = call.arguments().text("uri");
  if (!uri) co_return error_result("uri must be a string");
  call.world().touch(*uri);
  co_return text_result("Told the subscribers of " + *uri);
}

awaitable<std::string> forget_sessions(ToolCall& call) {
  auto known = call.world().sessions.size();
  call.world().sessions.forget_all();
  co_return text_result(fmt::format("Forgot {} sessions", known));
}

awaitable<std::string> crash(ToolCall& call) {
  call.world().crash();
  co_return text_result("Survived");
}

awaitable<std::string> sleep_forever(ToolCall& call) {
  co_await call.wait_for_cancel();
  co_return text_result("Woken");
}

void add_counters(Toolbox& tools) {
  tools.add(
      "count", "Adds one to a counter and returns it; says nothing about being safe to repeat", "",
      count, count_input, count_output
  );
  tools.add(
      "count_idempotent", "The same as count, but declared idempotent", idempotent, count,
      count_input, count_output
  );
  tools.add(
      "count_read_only", "The same as count, but declared read-only", read_only, count, count_input,
      count_output
  );
  tools.add(
      "count_of", "Reads a counter without changing it", read_only, count_of,
      R"({"type":"object","properties":{"key":{"type":"string","description":"What was counted"}},"required":["key"]})",
      count_output
  );
}

void add_disturbers(Toolbox& tools) {
  tools.add(
      "mutate_tools", "Adds or removes a tool and tells every client", destructive, mutate_tools,
      R"({"type":"object","properties":{"add":{"type":"string","description":"Name of a tool to add"},)"
      R"("remove":{"type":"string","description":"Name of a tool to remove"}}})"
  );
  tools.add(
      "touch_resource", "Tells the subscribers of a resource that it changed", idempotent,
      touch_resource,
      R"({"type":"object","properties":{"uri":{"type":"string","description":"The resource"}},"required":["uri"]})"
  );
  tools.add(
      "forget_sessions",
      "Makes the server forget every session, the caller's included, without a word", destructive,
      forget_sessions
  );
  tools.add("crash", "Ends the server process at once with status 3", destructive, crash);
  tools.add("sleep_forever", "Answers only once it is cancelled", read_only, sleep_forever);
}

}  // namespace

void add_test_tools(Toolbox& tools) {
  tools.add(
      "echo", "Returns its text", read_only, echo,
      R"({"type":"object","properties":{"text":{"type":"string","description":"What to return"}},"required":["text"]})"
  );
  tools.add(
      "add_numbers", "Adds two numbers", read_only, add_numbers,
      R"({"type":"object","properties":{"a":{"type":"number","description":"First number"},)"
      R"("b":{"type":"number","description":"Second number"}},"required":["a","b"]})",
      R"({"type":"object","properties":{"sum":{"type":"number"}},"required":["sum"]})"
  );
  add_counters(tools);
  tools.add(
      "slow", "Takes its time, reporting progress every 100 ms; can be cancelled", read_only, slow,
      R"({"type":"object","properties":{"seconds":{"type":"number","minimum":0,"description":"How long"},)"
      R"("progress":{"type":"boolean","description":"Report progress, true by default"
}
}
, "required" : ["seconds"]
})"
  );
  tools.add(
      "big_result", "Returns a text of a given size", read_only, big_result,
      R"({"type":"object","properties":{"bytes":{"type":"integer","minimum":0,"description":"Length of the text"}},)"
      R"("required":["bytes"]})"
  );
  tools.add(
      "log_burst", "Sends many log messages", read_only, log_burst,
      R"({"type":"object","properties":{"count":{"type":"integer","minimum":0,"description":"How many"}},)"
      R"("required":["count"]})"
  );
  add_disturbers(tools);
}

}  // namespace mooring::everything
