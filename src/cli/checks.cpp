#include "cli/checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/text.hpp"
#include "core/json_quote.hpp"
#include "core/redact.hpp"

namespace mooring::cli {

namespace {

std::string_view word(Check::Verdict verdict) {
  switch (verdict) {
    case Check::Verdict::ok:
      return "ok";
    case Check::Verdict::warn:
      return "warn";
    case Check::Verdict::failed:
      return "FAILED";
  }
  return {};
}

}  // namespace

void Checks::add(Check check) {
  check.detail = one_line(core::redact(check.detail));
  if (!json_) {
    print(fmt::format(
        "{:<8}{:<20}{}\n", word(check.verdict), one_line(check.subject) + " ", check.detail
    ));
  }
  all_.push_back(std::move(check));
}

bool Checks::any_failed() const {
  return std::ranges::any_of(all_, [](const Check& check) {
    return check.verdict == Check::Verdict::failed;
  });
}

void Checks::finish() const {
  if (!json_) return;
  std::string out;
  for (const auto& check : all_) {
    out += fmt::format(
        R"({}{{"subject":{},"verdict":"{}","detail":{}}})", out.empty() ? "" : ",",
        core::json_quote(check.subject), word(check.verdict), core::json_quote(check.detail)
    );
  }
  print("[" + out + "]\n");
}

}  // namespace mooring::cli
