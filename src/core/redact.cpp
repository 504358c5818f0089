#include "core/redact.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace mooring::core {
namespace {

constexpr std::size_t min_secret = 6;
constexpr std::size_t max_key = 64;
constexpr std::size_t max_user = 256;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_alnum(c) || c == '_'; }
bool is_key(char c) { return is_word(c) || c == '-'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
/// RFC 9110 token68, which holds every form of bearer token.
bool is_token68(char c) {
  return is_word(c) || c == '-' || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, to_lower);
}

/// The values that were registered, found by their first two bytes.
class Secrets {
 public:
  void add(std::string secret) {
    const std::unique_lock lock(mutex_);
    auto& bucket = buckets_[head(secret)];
    if (std::ranges::find(bucket, secret) != bucket.end()) return;
    present_.set(head(secret));
    bucket.push_back(std::move(secret));
    std::ranges::sort(bucket, std::ranges::greater(), &std::string::size);
  }

  void remove(std::string_view secret) {
    const std::unique_lock lock(mutex_);
    const auto bucket = buckets_.find(head(secret));
    if (bucket == buckets_.end()) return;
    std::erase(bucket->second, secret);
    if (!bucket->second.empty()) return;
    present_.reset(head(secret));
    buckets_.erase(bucket);
  }

  std::shared_lock<std::shared_mutex> lock() const { return std::shared_lock(mutex_); }

  /// Size of the longest secret that stands at the front of `rest`; 0: none. Under lock().
  std::size_t match(std::string_view rest) const {
    if (rest.size() < min_secret || !present_.test(head(rest))) return 0;
    for (const std::string& secret : buckets_.at(head(rest))) {
      if (rest.starts_with(secret)) return secret.size();
    }
    return 0;
  }

 private:
  static std::size_t head(std::string_view text) {
    return static_cast<std::size_t>(static_cast<std::uint8_t>(text[0])) << 8 |
           static_cast<std::uint8_t>(text[1]);
  }

  mutable std::shared_mutex mutex_;
  std::bitset<65536> present_;
  std::unordered_map<std::size_t, std::vector<std::string>> buckets_;
};

Secrets& secrets() {
  static auto* const instance =
      new Secrets;  // lives on: logging may go on while statics are destroyed
  return *instance;
}

struct TokenForm {
  std::string_view prefix;
  std::size_t min_rest;  ///< shorter ones are words: "sk-learn" is no key
};
constexpr std::array token_forms = {
    TokenForm{"ghp_", 1},     TokenForm{"gho_", 1},     TokenForm{"ghu_", 1},
    TokenForm{"ghs_", 1},     TokenForm{"ghr_", 1},     TokenForm{"github_pat_", 1},
    TokenForm{"glpat-", 1},   TokenForm{"sk-", 8},      TokenForm{"sk_live_", 1},
    TokenForm{"sk_test_", 1}, TokenForm{"rk_live_", 1}, TokenForm{"AKIA", 12},
    TokenForm{"ASIA", 12},    TokenForm{"AIza", 20},    TokenForm{"npm_", 20},
    TokenForm{"hf_", 20},     TokenForm{"xapp-", 1},
};

/// Words after "Bearer" and "Basic" that are prose or parameters of a challenge, not a credential.
constexpr std::array<std::string_view, 12> harmless_words = {
    "token",  "tokens",      "auth",  "authentication", "authorization", "authorisation",
    "scheme", "credentials", "realm", "error",          "scope",         "header",
};

/// Endings of the names whose values are secrets; compared in lower case with '-' as '_'.
constexpr std::array<std::string_view, 12> secret_names = {
    "token",  "api_key", "apikey",      "password",   "passwd",     "passphrase",
    "secret", "pwd",     "private_key", "privatekey", "access_key", "accesskey",
};
/// Headers whose whole value is a secret.
constexpr std::array<std::string_view, 4> secret_headers = {
    "authorization",
    "proxy_authorization",
    "cookie",
    "set_cookie",
};

/// A part of the text to black out.
struct Hit {
  std::size_t begin;
  std::size_t end;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string run() {
    const auto lock = secrets().lock();
    std::size_t at = 0;
    while (at < text_.size()) {
      const auto hit = look(at);
      if (!hit) {
        ++at;
        continue;
      }
      out_.append(text_, copied_, hit->begin - copied_).append(redacted);
      copied_ = whole_secrets(*hit);
      at = std::max(copied_, at + 1);
    }
    if (copied_ == 0) return std::string(text_);
    out_.append(text_, copied_);
    return std::move(out_);
  }

 private:
  /// The end of a hit, moved so far that no registered secret which begins in it is left half.
  std::size_t whole_secrets(const Hit& hit) const {
    std::size_t end = hit.end;
    for (std::size_t at = hit.begin; at < end; ++at) {
      end = std::max(end, at + secrets().match(text_.substr(at)));
    }
    return end;
  }

  std::optional<Hit> look(std::size_t at) const {
    if (const std::size_t size = secrets().match(text_.substr(at)); size != 0) {
      return Hit{at, at + size};
    }
    const char c = text_[at];
    if (c == '=' || c == ':') return look_at_separator(at);
    if (!is_alnum(c) || (at > 0 && is_word(text_[at - 1]))) return std::nullopt;
    switch (c) {
      case 'b':
      case 'B':
        return look_at_scheme(at);
      case 'e':
        return look_at_jwt(at);
      case 'x':
        if (auto hit = look_at_slack(at)) return hit;
        [[fallthrough]];
      default:
        return look_at_form(at);
    }
  }

  std::size_t run_end(std::size_t from, bool (*accept)(char)) const {
    while (from < text_.size() && accept(text_[from])) ++from;
    return from;
  }
  static bool is_token_body(char c) { return is_key(c); }

  std::optional<Hit> look_at_form(std::size_t at) const {
    const std::string_view rest = text_.substr(at);
    for (const TokenForm& form : token_forms) {
      if (!rest.starts_with(form.prefix)) continue;
      const std::size_t end = run_end(at + form.prefix.size(), is_token_body);
      if (end - at - form.prefix.size() >= form.min_rest) return Hit{at, end};
    }
    return std::nullopt;
  }

  std::optional<Hit> look_at_slack(std::size_t at) const {
    const std::string_view rest = text_.substr(at);
    if (rest.size() < 6 || !rest.starts_with("xox") || !is_alnum(rest[3]) || rest[4] != '-') {
      return std::nullopt;
    }
    return Hit{at, run_end(at + 5, is_token_body)};
  }

  std::optional<Hit> look_at_jwt(std::size_t at) const {
    if (!text_.substr(at).starts_with("eyJ")) return std::nullopt;
    const std::size_t first = run_end(at, is_token_body);
    if (first >= text_.size() || text_[first] != '.') return std::nullopt;
    const std::size_t second = run_end(first + 1, is_token_body);
    if (second < first + 5 || second >= text_.size() || text_[second] != '.') return std::nullopt;
    // An encrypted one (JWE) has five parts.
    std::size_t end = second;
    while (end < text_.size() && text_[end] == '.') end = run_end(end + 1, is_token_body);
    return Hit{at, end};
  }

  std::optional<Hit> look_at_scheme(std::size_t at) const {
    const std::string_view rest = text_.substr(at);
    std::size_t size = 0;
    for (const std::string_view scheme : {"bearer", "basic"}) {
      if (equal_ignoring_case(rest.substr(0, scheme.size()), scheme)) size = scheme.size();
    }
    if (size == 0 || at + size >= text_.size() || !is_blank(text_[at + size])) return std::nullopt;
    const std::size_t begin = run_end(at + size, is_blank);
    const std::size_t end = run_end(begin, is_token68);
    if (end == begin) return std::nullopt;
    const std::string_view value = text_.substr(begin, end - begin);
    const std::string_view word = value.substr(0, value.find_first_of("=.,"));
    const bool prose = std::ranges::any_of(harmless_words, [&](std::string_view harmless) {
      return equal_ignoring_case(word, harmless);
    });
    if (prose) return std::nullopt;
    return Hit{begin, end};
  }

  /// name=value, name: value, "name":"value", user:password@ of a URL.
  std::optional<Hit> look_at_separator(std::size_t at) const {
    if (text_[at] == ':') {
      if (auto hit = look_at_password(at)) return hit;
    }
    bool quoted = false;
    const std::string key = key_before(at, quoted);
    if (key.empty()) return std::nullopt;
    const auto is_one_of = [&](std::span<const std::string_view> names) {
      return std::ranges::any_of(names, [&](std::string_view n) { return key.ends_with(n); });
    };
    const bool header = is_one_of(secret_headers);
    if (!header && (!is_one_of(secret_names) || key == "progresstoken")) return std::nullopt;
    std::size_t begin = run_end(at + 1, is_blank);
    if (text_.substr(begin).starts_with(redacted)) return std::nullopt;
    const std::size_t quote = begin + (begin < text_.size() && text_[begin] == '\\' ? 1 : 0);
    if (quote < text_.size() && (text_[quote] == '"' || text_[quote] == '\'')) {
      return quoted_value(quote, quote != begin);
    }
    std::size_t end = header ? header_end(begin) : run_end(begin, is_bare_value);
    if (end == begin) return std::nullopt;
    if (text_[at] == ':' && !quoted && !header && key.ends_with("token") && is_prose(begin, end)) {
      return std::nullopt;
    }
    return Hit{begin, end};
  }

  /// "Invalid token: expired" explains; "token: 4f9a…" gives away.
  bool is_prose(std::size_t begin, std::size_t end) const {
    const std::string_view value = text_.substr(begin, end - begin);
    return value.size() < 12 || std::ranges::none_of(value, is_digit);
  }

  static bool is_bare_value(char c) {
    return static_cast<std::uint8_t>(c) > 0x20 &&
           std::string_view("&,;\"'<>)]}").find(c) == std::string_view::npos;
  }

  std::string key_before(std::size_t separator, bool& quoted) const {
    std::size_t end = separator;
    while (end > 0 && is_blank(text_[end - 1])) --end;
    if (end > 0 && (text_[end - 1] == '"' || text_[end - 1] == '\'')) {
      quoted = true;
      --end;
      if (end > 0 && text_[end - 1] == '\\') --end;
    }
    std::size_t begin = end;
    while (begin > copied_ && end - begin < max_key && is_key(text_[begin - 1])) --begin;
    std::string key(text_.substr(begin, end - begin));
    for (char& c : key) c = c == '-' ? '_' : to_lower(c);
    return key;
  }

  std::optional<Hit> quoted_value(std::size_t quote, bool escaped) const {
    const char close = text_[quote];
    std::size_t end = quote + 1;
    while (end < text_.size() && text_[end] != close && text_[end] != '\n') {
      if (text_[end] == '\\') {
        if (escaped && end + 1 < text_.size() && text_[end + 1] == close) break;
        ++end;
      }
      ++end;
    }
    end = std::min(end, text_.size());
    if (end == quote + 1 || text_.substr(quote + 1).starts_with(redacted)) return std::nullopt;
    return Hit{quote + 1, end};
  }

  std::size_t header_end(std::size_t begin) const {
    const std::size_t end = text_.find_first_of("\r\n", begin);
    return end == std::string_view::npos ? text_.size() : end;
  }

  /// The colon in ://user:password@
  std::optional<Hit> look_at_password(std::size_t colon) const {
    constexpr std::string_view delimiters = "/?#@ \t\r\n\"'<>";
    std::size_t user = colon;
    while (user > 0 && colon - user < max_user && text_[user - 1] != ':' &&
           delimiters.find(text_[user - 1]) == std::string_view::npos) {
      --user;
    }
    if (user < 3 || text_.substr(user - 3, 3) != "://") return std::nullopt;
    const std::size_t end = text_.find_first_of(delimiters, colon);
    if (end == std::string_view::npos || text_[end] != '@' || end == colon + 1) return std::nullopt;
    if (text_.substr(colon + 1, end - colon - 1) == redacted) return std::nullopt;
    return Hit{colon + 1, end};
  }

  std::string_view text_;
  std::size_t copied_ = 0;
  std::string out_;
};

}  // namespace

std::string redact(std::string_view text) { return Scanner(text).run(); }

void register_secret(std::string secret) {
  if (secret.size() >= min_secret) secrets().add(std::move(secret));
}

void forget_secret(std::string_view secret) {
  if (secret.size() >= min_secret) secrets().remove(secret);
}

}  // namespace mooring::core
