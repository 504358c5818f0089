#include "auth/challenge.hpp"

#include <algorithm>

namespace mooring::auth {

namespace {

constexpr std::size_t most_challenges = 32;
constexpr std::size_t most_parameters = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_token_char(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

/// Walks over one header value.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::vector<Challenge> read() {
    std::vector<Challenge> all;
    for (;;) {
      skip(" \t,");
      const auto name = token();
      if (name.empty()) return all;
      // "name =" after a comma goes on with the parameters of the challenge before.
      if (!all.empty() && next_is_equals()) {
        if (!value_into(all.back(), name)) return all;
        continue;
      }
      if (all.size() == most_challenges) return all;
      all.push_back({std::string(name), {}});
      skip_token68();
      first_parameter(all.back());
    }
  }

 private:
  void skip(std::string_view what) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(what), rest_.size()));
  }

  std::string_view token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_token_char(rest_[size])) ++size;
    const auto found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }

  bool next_is_equals() const {
    const auto at = rest_.find_first_not_of(" \t");
    return at != std::string_view::npos && rest_[at] == '=';
  }

  /// "Negotiate abc==": credentials without parameters.
  void skip_token68() {
    const auto before = rest_;
    skip(" \t");
    constexpr std::string_view marks = "-._~+/";
    std::size_t size = 0;
    while (size < rest_.size() &&
           (is_token_char(rest_[size]) || marks.find(rest_[size]) != std::string_view::npos))
      ++size;
    std::size_t end = size;
    while (end < rest_.size() && rest_[end] == '=') ++end;
    const auto after = rest_.substr(end);
    const auto next = after.find_first_not_of(" \t");
    const bool alone = next == std::string_view::npos || after[next] == ',';
    if (size == 0 || !alone) {
      rest_ = before;
    } else {
      rest_ = after;
    }
  }

  void first_parameter(Challenge& challenge) {
    const auto before = rest_;
    skip(" \t");
    const auto name = token();
    if (name.empty() || !next_is_equals() || !value_into(challenge, name)) rest_ = before;
  }

  bool value_into(Challenge& challenge, std::string_view name) {
    skip(" \t");
    rest_.remove_prefix(1);  // '='
    skip(" \t");
    std::string value;
    if (rest_.starts_with('"')) {
      if (!quoted(value)) return false;
    } else {
      value = token();
    }
    if (challenge.parameters.size() == most_parameters) return false;
    std::string folded(name);
    std::ranges::transform(folded, folded.begin(), lower);
    challenge.parameters.emplace_back(std::move(folded), std::move(value));
    return true;
  }

  bool quoted(std::string& value) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (c == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      if (c == '\\' && i + 1 < rest_.size()) c = rest_[++i];
      value += c;
    }
    rest_ = {};
    return false;
  }

  std::string_view rest_;
};

}  // namespace

bool Challenge::is(std::string_view scheme_wanted) const {
  return std::ranges::equal(scheme, scheme_wanted, {}, lower, lower);
}

std::string_view Challenge::operator[](std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, [](const auto& each) {
    return std::string_view(each.first);
  });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<Challenge> parse_challenges(std::string_view header) { return Reader(header).read(); }

Challenge oauth_challenge(std::string_view header) {
  auto all = parse_challenges(header);
  for (const auto* scheme : {"DPoP", "Bearer"}) {
    for (auto& each : all) {
      if (each.is(scheme)) return std::move(each);
    }
  }
  return {};
}

}  // namespace mooring::auth
