#include "cli/explain.hpp"

#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "cli/console.hpp"
#include "protocol/json_scan.hpp"
#include "recovery/classify.hpp"
#include "recovery/failure_json.hpp"

namespace mooring::cli {

namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

int explain_one() {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (is_blank(text)) {
    return complain(usage, "stdin holds no failure; see mooring explain --help");
  }
  const auto line = explained(text);
  if (!line) return complain(usage, line.error());
  print(*line + "\n");
  return success;
}

int explain_lines() {
  int result = success;
  std::size_t number = 0;
  for (std::string text; std::getline(std::cin, text);) {
    ++number;
    if (is_blank(text)) continue;
    const auto line = explained(text);
    if (!line) {
      result = complain(usage, fmt::format("line {}: {}", number, line.error()));
    } else if (!print(*line + "\n")) {
      return failed;
    }
  }
  return result;
}

}  // namespace

std::expected<std::string, std::string> explained(std::string_view failure) {
  const auto written = recovery::read_failure(failure);
  if (!written) return std::unexpected(written.error());
  const auto conclusion = recovery::classify(written->failure);
  const auto id = written->id.empty() ? std::string() : fmt::format(R"("id":{},)", written->id);
  const auto replay = conclusion.replay
                          ? fmt::format("\"{}\"", recovery::to_string(*conclusion.replay))
                          : std::string("null");
  return fmt::format(
      R"({{{}"kind":"{}","action":"{}","replay":{},"reason":{}}})", id,
      recovery::to_string(conclusion.kind), recovery::to_string(conclusion.action), replay,
      protocol::quote(conclusion.reason)
  );
}

int explain(const ExplainCommand& command) {
  std::ios::sync_with_stdio(false);
  return command.jsonl ? explain_lines() : explain_one();
}

}  // namespace mooring::cli
