#include "recovery/wording.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "recovery/vocabulary.hpp"

namespace mooring::recovery {
namespace {

/// Longer texts are reports, not the one sentence a session check answers with.
constexpr std::size_t longest_message = 400;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Typographic quotes, dashes and wide punctuation as their plain forms.
std::string plain(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> forms = {{
      {"‘", "'"},
      {"’", "'"},
      {"“", "\""},
      {"”", "\""},
      {"„", "\""},
      {"«", "\""},
      {"»", "\""},
      {"…", ""},
      {"–", ";"},
      {"—", ";"},
      {"。", "."},
      {"，", ","},
      {"：", ":"},
      {"\xC2\xA0", " "},
  }};
  std::string out;
  while (!text.empty()) {
    const auto* const form =
        std::ranges::find_if(forms, [&](const auto& pair) { return text.starts_with(pair.first); });
    if (form == forms.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += form->second;
      text.remove_prefix(form->first.size());
    }
  }
  return out;
}

struct Token {
  Role role = Role::other;
  std::string word;  ///< lower case
};

struct Clause {
  std::vector<Token> tokens;
  char ended_by = '.';
};

/// A capital in the middle of a word.
bool has_hump(std::string_view word) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (is_upper(word[i]) && is_lower(word[i - 1])) return true;
  }
  return false;
}

/// "SessionNotFoundError", "SESSION_NOT_FOUND" and "session-expired" as words, where each part is
/// one we know.
std::vector<Token> parts_of(std::string_view word) {
  std::vector<Token> parts(1);
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    const bool joint = c == '_' || c == '-' || c == '.' || c == '/';
    const bool hump = i > 0 && is_upper(c) && is_lower(word[i - 1]);
    if ((joint || hump) && !parts.back().word.empty()) parts.emplace_back();
    if (!joint) parts.back().word += lower({&c, 1});
  }
  for (auto& part : parts) {
    part.role = role_of(part.word);
    // "KeyError" says nothing, in front of a colon.
    const bool in_front = part.role == Role::other && has_hump(word) && is_prefix_word(part.word);
    if (part.role == Role::other && !in_front) return {};
  }
  return parts;
}

bool looks_like_id(std::string_view word) {
  const auto hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  if (std::ranges::any_of(word, is_digit)) return true;
  return word.size() >= 6 && std::ranges::all_of(word, hex);
}

/// Long enough that it can only be a name somebody made up at random.
bool is_random_name(std::string_view word) {
  return word.size() >= 16 && std::ranges::count_if(word, is_digit) >= 3;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Clause> clauses() {
    while (at_ < text_.size()) step();
    end_clause('.');
    return std::move(clauses_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (const auto closing = closing_of(c)) {
      quoted(*closing);
    } else if (is_word(c)) {
      word();
    } else {
      if (std::string_view(".,;:!?()|\n").find(c) != std::string_view::npos) end_clause(c);
      ++at_;
    }
  }

  static bool is_word(char c) {
    return is_upper(c) || is_lower(c) || is_digit(c) || (static_cast<unsigned char>(c) & 0x80) ||
           std::string_view("_-'/@#+$*&%").find(c) != std::string_view::npos;
  }

  static std::optional<char> closing_of(char c) {
    constexpr std::string_view opening = "\"`'<[{";
    constexpr std::string_view closing = "\"`'>]}";
    const auto at = opening.find(c);
    return at == std::string_view::npos ? std::nullopt : std::optional(closing[at]);
  }

  void quoted(char closing) {
    const auto end = text_.find(closing, at_ + 1);
    const auto inside =
        end == std::string_view::npos ? std::string_view() : text_.substr(at_ + 1, end - at_ - 1);
    const bool sentence = inside.find(' ') != std::string_view::npos &&
                          inside.find("ession") != std::string_view::npos;
    if (end == std::string_view::npos || sentence) {
      ++at_;
      return;
    }
    at_ = end + 1;
    if (inside.empty()) return;
    const std::string folded = lower(inside);
    if (inside.find('/') != std::string_view::npos) return put({Role::method, folded});
    const Role role = role_of(folded);
    const bool term = role == Role::session || role == Role::header || role == Role::argument ||
                      role == Role::initialize || folded == "mcp";
    put({term ? role : Role::id, folded});
  }

  void word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_word(text_[at_]) || inner_dot())) ++at_;
    auto raw = text_.substr(begin, at_ - begin);
    while (raw.size() > 1 && (raw.back() == '\'' || raw.back() == '-')) raw.remove_suffix(1);
    if (raw == "-" || raw == "--" || raw == "/" || raw == "&") return end_clause(';');
    std::string folded = lower(raw);
    if (const Role role = compound_role(folded); role != Role::filler) {
      return put({role, std::move(folded)});
    }
    if (const Role role = role_of(raw.front() & 0x80 ? raw : std::string_view(folded));
        role != Role::other) {
      return put({role, std::move(folded)});
    }
    if (auto parts = parts_of(raw); !parts.empty()) {
      for (auto& part : parts) put(std::move(part));
      return;
    }
    const Role role = role_in_place(raw, folded);
    put({role, std::move(folded)});
  }

  /// "Invalid session timeout" is about a setting; "Session timeout" is about the session.
  Role compound_role(std::string_view word) const {
    constexpr std::array<std::string_view, 5> nouns = {
        "timeout", "mode", "format", "protocol", "ttl"
    };
    const bool after = !current_.tokens.empty() && current_.tokens.back().role == Role::session &&
                       current_.tokens.back().word == "session";
    if (!after || std::ranges::find(nouns, word) == nouns.end()) return Role::filler;
    return word == "timeout" && current_.tokens.size() == 1 ? Role::fault : Role::other;
  }

  /// A dot between letters belongs to the word: "checkout.session", "1.2".
  bool inner_dot() const {
    return text_[at_] == '.' && at_ + 1 < text_.size() && is_word(text_[at_ + 1]);
  }

  /// An unknown word can be the name of a session where one was spoken of.
  Role role_in_place(std::string_view raw, std::string_view word) const {
    if (word.find('/') != std::string_view::npos) return Role::method;
    if (is_random_name(word)) return Role::id;
    if (!session_seen_) return Role::other;
    if (looks_like_id(word)) return Role::id;
    const bool compound = word.find_first_of("-_") != std::string_view::npos;
    return (compound || has_hump(raw)) && after_session_ ? Role::id : Role::other;
  }

  void put(Token token) {
    const bool session =
        token.role == Role::session || token.role == Role::header || token.role == Role::argument;
    after_session_ = session || (after_session_ && token.word == "id");
    session_seen_ = session_seen_ || session;
    current_.tokens.push_back(std::move(token));
  }

  void end_clause(char by) {
    if (!current_.tokens.empty()) {
      current_.ended_by = by;
      clauses_.push_back(std::move(current_));
    }
    current_ = {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Clause current_;
  std::vector<Clause> clauses_;
  bool session_seen_ = false;
  bool after_session_ = false;
};

/// What stands in a run of tokens, and in which order.
struct Findings {
  bool session = false, header = false, argument = false, link = false, sse = false, id = false;
  bool fault = false, negated_quality = false, negated_session = false, negated_init = false;
  bool negated_response = false, missing = false, given = false, quality = false;
  bool initialize = false, uninitialized = false, ordering = false, early = false, must = false;
  bool running = false, midway = false, error = false, id_word = false;
  bool foreign = false, other = false, exists = false, negated = false;

  bool subject() const { return session || header || argument; }
};

void note_word(Findings& f, const std::string& word) {
  f.sse = f.sse || word == "sse";
  f.error = f.error || word == "error" || word == "exception";
  f.id_word = f.id_word || word == "id" || word == "ids" || word == "sessionid";
  f.exists = f.exists || word == "exists" || word == "alive";
  f.must = f.must || word == "must" || word == "required";
  f.early = f.early || word == "before" || word == "first" || word == "during" || word == "until";
  f.midway = f.midway || word == "before" || word == "while" || word == "during";
  f.uninitialized = f.uninitialized || word.starts_with("uninit");
}

/// "lookup failed", "existiert nicht", "n'existe pas"
bool negates_backwards(std::string_view word) {
  return word == "failed" || word == "nicht" || word == "pas" || word == "niet";
}

Findings find_in(const std::vector<Token>& tokens) {
  Findings f;
  bool negated = false, absent = false;
  for (const auto& [role, word] : tokens) {
    note_word(f, word);
    switch (role) {
      case Role::session:
        f.session = true;
        f.negated_session = f.negated_session || absent;
        break;
      case Role::header:
        f.header = true;
        f.negated_session = f.negated_session || absent;
        break;
      case Role::argument:
        f.argument = true;
        f.negated_session = f.negated_session || absent;
        break;
      case Role::link:
        f.link = true;
        f.negated_session = f.negated_session || (absent && !f.subject());
        break;
      case Role::fault:
        f.fault = f.fault || !negated || word == "timed";
        break;
      case Role::absence:
        absent = true;
        negated = true;
        break;
      case Role::negation:
        negated = true;
        f.negated_quality = f.negated_quality || (f.quality && negates_backwards(word));
        break;
      case Role::quality:
        f.quality = true;
        f.negated_quality = f.negated_quality || negated;
        break;
      case Role::missing:
        f.missing = true;
        break;
      case Role::given:
        f.given = true;
        break;
      case Role::initialize:
        f.initialize = true;
        f.negated_init = f.negated_init || negated;
        break;
      case Role::ordering:
        f.ordering = true;
        break;
      case Role::running:
        f.running = true;
        break;
      case Role::foreign:
        f.foreign = true;
        break;
      case Role::other:
        f.other = true;
        break;
      case Role::id:
        f.id = true;
        break;
      case Role::filler:
        f.negated_response = f.negated_response || (negated && word == "response");
        break;
      case Role::advice:
      case Role::method:
        break;
    }
  }
  f.negated = negated;
  return f;
}

/// `No valid session ID or not an initialize request` is about the session; `… is invalid during
/// session initialization` is about the order of things.
bool wants_initialize(const Findings& f) {
  if (f.uninitialized) return true;
  if (!f.initialize) return false;
  return f.early || f.negated_init || f.ordering || f.missing;
}

bool is_lost(const Findings& f) {
  const bool subject = f.subject() || f.link;
  if (f.header && f.must && f.quality) return true;  // "must be a valid UUID"
  if (f.fault || f.negated_quality) return subject;
  return f.negated_session && !f.given && !f.id_word && !f.header;
}

Wording::Says conclude(const Findings& f) {
  using Says = Wording::Says;
  if (f.early && wants_initialize(f)) return Says::not_initialized;
  if (is_lost(f)) return Says::lost;
  const bool demanded = f.missing || f.negated_session || (f.must && f.given);
  if (f.subject() && demanded) return Says::missing;
  if (wants_initialize(f)) return Says::not_initialized;
  if (f.negated_response) return Says::lost;
  if (f.session && f.exists && !f.negated) return Says::alive;
  return Says::nothing;
}

bool says_fault(const Clause& clause) {
  const auto found = find_in(clause.tokens);
  return !found.other && found.subject() && conclude(found) != Wording::Says::nothing;
}

bool is_prefix(const Clause& clause) {
  if (std::string_view(":()").find(clause.ended_by) == std::string_view::npos) return false;
  const auto found = find_in(clause.tokens);
  if (says_fault(clause) || (found.session && !found.error)) return false;
  return std::ranges::all_of(clause.tokens, [](const Token& token) {
    return is_prefix_word(token.word) || token.role == Role::id || token.role == Role::fault;
  });
}

/// "Please reconnect", "The client should re-initialize by sending a new InitializeRequest".
bool is_advice(const Clause& clause) {
  bool advises = false;
  for (const auto& [role, word] : clause.tokens) {
    if (role == Role::foreign) return false;
    advises = advises || role == Role::advice || role == Role::initialize || word == "new";
  }
  return advises;
}

enum class Take { substance, after_prefix, everything };

/// The clauses that say something, as one run of tokens.
std::vector<Token> run_of(const std::vector<Clause>& clauses, Take take) {
  std::size_t first = 0;
  while (take != Take::everything && first + 1 < clauses.size() && is_prefix(clauses[first])) {
    ++first;
  }
  std::vector<Token> tokens;
  for (std::size_t i = first; i < clauses.size(); ++i) {
    if (take == Take::substance && i > first && is_advice(clauses[i])) continue;
    const bool name = i > first && clauses[i - 1].ended_by == ':' && clauses[i].tokens.size() == 1;
    for (auto token : clauses[i].tokens) {
      if (name && token.role == Role::other) token.role = Role::id;
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

Wording from(const Findings& f) {
  Wording out;
  out.says = conclude(f);
  out.whole = !f.other && !f.foreign;
  out.of_link = !f.subject();
  out.of_header = f.header;
  out.names_id = f.id;
  out.like_argument = f.argument && !f.header;
  out.none_came = f.given || f.missing;
  out.mid_request = (f.running && f.midway && !f.initialize) || f.negated_response;
  out.inner_error = f.error;
  return out;
}

}  // namespace

Wording read_wording(std::string_view message) {
  if (message.empty() || message.size() > longest_message) return {};
  if (unparted_session_fault(message)) return {.says = Wording::Says::lost, .whole = true};
  const auto clauses = Scanner(plain(message)).clauses();
  auto findings = find_in(run_of(clauses, Take::substance));
  if (conclude(findings) == Wording::Says::nothing) {
    // "Unexpected message, expect initialize request": what sounds like advice is all there is.
    findings = find_in(run_of(clauses, Take::after_prefix));
  }
  if (conclude(findings) == Wording::Says::nothing) {
    // "Not Found: session 12": the prefix counts where only words are looked for.
    findings = find_in(run_of(clauses, Take::everything));
    findings.other = true;
  }
  Wording out = from(findings);
  if (findings.foreign) out.says = Wording::Says::nothing;
  return out;
}

}  // namespace mooring::recovery
