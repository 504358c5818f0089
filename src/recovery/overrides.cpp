#include <algorithm>
#include <regex>

#include "recovery/classify.hpp"

namespace mooring::recovery {

struct Overrides::Rules {
  std::vector<std::regex> patterns;
  std::vector<int> codes;
  bool treat_401_as_session = false;
};

namespace {

/// A regular expression walks its input recursively: what it is given is kept short.
constexpr std::size_t longest_matched = 512;

constexpr auto flags = std::regex::ECMAScript | std::regex::icase;

}  // namespace

Overrides::Overrides() : rules_(nullptr) {}

Overrides::Overrides(
    std::vector<std::string> session_patterns, std::vector<int> session_codes,
    bool treat_401_as_session
) {
  Rules rules;
  for (const auto& pattern : session_patterns) {
    if (!check_pattern(pattern)) rules.patterns.emplace_back(pattern, flags);
  }
  rules.codes = std::move(session_codes);
  rules.treat_401_as_session = treat_401_as_session;
  rules_ = std::make_shared<const Rules>(std::move(rules));
}

std::optional<std::string> Overrides::check_pattern(const std::string& pattern) {
  try {
    static_cast<void>(std::regex(pattern, flags));
    return std::nullopt;
  } catch (const std::regex_error& error) {
    return "\"" + pattern + "\" is no regular expression: " + error.what();
  }
}

bool Overrides::names_session(std::string_view message) const {
  if (!rules_ || message.size() > longest_matched) return false;
  return std::ranges::any_of(rules_->patterns, [&](const std::regex& pattern) {
    try {
      return std::regex_match(message.begin(), message.end(), pattern);
    } catch (const std::regex_error&) {
      return false;  // too complex for this message
    }
  });
}

bool Overrides::session_code(int code) const {
  return rules_ && std::ranges::find(rules_->codes, code) != rules_->codes.end();
}

bool Overrides::treat_401_as_session() const { return rules_ && rules_->treat_401_as_session; }

}  // namespace mooring::recovery
