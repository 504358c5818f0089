#include "config/server_draft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/reading.hpp"
#include "config/server.hpp"
#include "config/values.hpp"
#include "core/redact.hpp"

namespace mooring::config {
namespace {

Node text_node(std::string text) { return {Node::Kind::string, {}, std::move(text), {}, {}}; }

Node list_node(const std::vector<std::string>& texts) {
  Node out{Node::Kind::list, {}, {}, {}, {}};
  for (const auto& text : texts) out.items.push_back(text_node(text));
  return out;
}

Node map_node(const ServerDraft::Pairs& pairs) {
  Node out{Node::Kind::map, {}, {}, {}, {}};
  for (const auto& [key, value] : pairs) out.members.push_back({key, {}, text_node(value)});
  return out;
}

bool has_scheme(std::string_view text, std::string_view scheme) {
  return lower(text.substr(0, scheme.size())) == scheme && text.size() > scheme.size() &&
         (text[scheme.size()] == ' ' || text[scheme.size()] == '\t');
}

/// Moves credentials out of one draft.
class SecretTaker {
 public:
  explicit SecretTaker(ServerDraft& draft) : draft_(draft) {
    for (const auto& [name, value] : draft.env) names_.push_back(name);
  }

  ServerDraft::Pairs take() {
    take_headers();
    take_url();
    take_env();
    take_args();
    return std::move(taken_);
  }

 private:
  static bool is_secret(std::string_view name, std::string_view value) {
    if (value.empty() || value.find("${") != std::string_view::npos) return false;
    return looks_secret(name) || core::redact(value) != value;
  }

  std::string free_name(std::string_view wanted) const {
    std::string name;
    for (const char c : wanted) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      const bool digit = c >= '0' && c <= '9';
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : letter || digit ? c : '_';
    }
    name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
    if (!is_env_name(name)) name.insert(0, "SECRET_");
    auto out = name;
    for (int number = 2; std::ranges::find(names_, out) != names_.end(); ++number) {
      out = fmt::format("{}_{}", name, number);
    }
    return out;
  }

  /// "${NAME}", which from now on stands for `value`.
  std::string put(std::string_view wanted, std::string_view value) {
    auto name = free_name(wanted);
    names_.push_back(name);
    taken_.emplace_back(name, value);
    return "${" + name + "}";
  }

  void take_headers() {
    for (auto& [name, value] : draft_.headers) {
      if (!is_secret(name, value)) continue;
      const auto blank = lower(name) == "authorization" ? value.find(' ') : std::string::npos;
      // The scheme is no secret, and tells a reader what the variable has to hold.
      const auto scheme = blank == std::string::npos ? "" : value.substr(0, blank + 1);
      value = scheme + put(name, trim(std::string_view(value).substr(scheme.size())));
    }
  }

  void take_url() {
    auto& url = draft_.url;
    const auto authority = url.find("://");
    if (authority == std::string::npos) return;
    const auto end = std::min(url.find_first_of("/?#", authority + 3), url.size());
    const auto at = url.rfind('@', end);
    const auto colon = url.find(':', authority + 3);
    if (at != std::string::npos && at > authority && colon < at) replace(colon + 1, at, "PASSWORD");
    for (auto begin = url.find('?'); begin < url.size() && url[begin] != '#';) {
      auto next = std::min(url.find_first_of("&#", begin + 1), url.size());
      const auto equals = url.find('=', begin);
      if (equals < next) {
        const auto name = url.substr(begin + 1, equals - begin - 1);
        const auto value = url.substr(equals + 1, next - equals - 1);
        if (is_secret(name, value)) next = replace(equals + 1, next, name);
      }
      begin = next;
    }
  }

  /// Replaces a part of the URL; where what follows begins now.
  std::size_t replace(std::size_t begin, std::size_t end, std::string_view name) {
    const auto value = draft_.url.substr(begin, end - begin);
    if (value.empty() || value.find("${") != std::string::npos) return end;
    const auto reference = put(name, value);
    draft_.url.replace(begin, end - begin, reference);
    return begin + reference.size();
  }

  void take_env() {
    std::erase_if(draft_.env, [&](auto& variable) {
      auto& [name, value] = variable;
      if (!is_secret(name, value)) return false;
      if (is_env_name(name)) {
        taken_.emplace_back(name, value);
        return true;
      }
      value = put(name, value);
      return false;
    });
  }

  /// `--api-key=abc`, `--api-key abc`, and what shows by its form: `postgres://me:abc@host/db`.
  void take_args() {
    std::string name;  // of the option before, where its value comes next
    for (auto& arg : draft_.args) {
      const auto option = std::exchange(name, {});
      if (!arg.starts_with('-')) {
        const auto wanted = option.empty() ? "ARGUMENT" : option;
        if (is_secret(option, arg)) arg = put(wanted, arg);
        continue;
      }
      const auto equals = arg.find('=');
      name = arg.substr(0, equals);
      if (equals == std::string::npos) continue;
      const auto value = arg.substr(equals + 1);
      if (is_secret(name, value)) arg = name + "=" + put(name, value);
      name.clear();
    }
  }

  ServerDraft& draft_;
  std::vector<std::string> names_;  ///< that are taken
  ServerDraft::Pairs taken_;
};

}  // namespace

Member entry_of(const ServerDraft& draft) {
  Member out{draft.name, {}, {}};
  out.value.kind = Node::Kind::map;
  auto add = [&](const char* key, Node value) {
    out.value.members.push_back({key, {}, std::move(value)});
  };
  auto add_text = [&](const char* key, const std::string& value) {
    if (!value.empty()) add(key, text_node(value));
  };
  add_text("url", draft.url);
  add_text("transport", draft.transport);
  if (!draft.headers.empty()) add("headers", map_node(draft.headers));
  add_text("command", draft.command);
  if (!draft.args.empty()) add("args", list_node(draft.args));
  if (!draft.env.empty()) add("env", map_node(draft.env));
  add_text("envFile", draft.env_file);
  add_text("cwd", draft.cwd);
  if (!draft.pass_env.empty()) add("pass_env", list_node(draft.pass_env));
  add_text("timeout", draft.timeout);
  add_text("connect_timeout", draft.connect_timeout);
  Node tools{Node::Kind::map, {}, {}, {}, {}};
  if (draft.include) tools.members.push_back({"include", {}, list_node(*draft.include)});
  if (!draft.exclude.empty()) tools.members.push_back({"exclude", {}, list_node(draft.exclude)});
  if (!tools.members.empty()) add("tools", std::move(tools));
  if (!draft.enabled) add("enabled", {Node::Kind::boolean, {}, "false", {}, {}});
  return out;
}

ServerEntry preview(const ServerDraft& draft, const Env& env) {
  const Document nowhere;
  Reading reading{nowhere, env};
  // A URL that begins with a variable is known only where it runs.
  const bool unknown = draft.url.starts_with("${");
  ServerDraft readable = draft;
  if (unknown) readable.url = "http://unknown";
  auto entry = read_server(entry_of(readable), {}, reading);
  if (unknown) entry.config.url = expand(draft.url, env).text;
  // "config:1:1: " is a place in no file.
  const auto place = nowhere.where({}) + ": ";
  auto strip = [&](std::string& text) {
    if (text.starts_with(place)) text.erase(0, place.size());
  };
  if (entry.error) strip(entry.error->detail);
  for (auto& note : entry.notes) strip(note);
  return entry;
}

std::string bearer_value(std::string_view pasted) {
  constexpr std::string_view header = "authorization:";
  auto token = trim(pasted);
  for (;;) {
    if (lower(token.substr(0, header.size())) == header) {
      token = trim(token.substr(header.size()));
    } else if (has_scheme(token, "bearer")) {
      token = trim(token.substr(6));
    } else if (token.size() >= 2 && (token.front() == '"' || token.front() == '\'') &&
               token.back() == token.front()) {
      token = trim(token.substr(1, token.size() - 2));
    } else {
      break;
    }
  }
  if (token.empty() || lower(token) == "bearer") return {};
  return fmt::format("Bearer {}", token);
}

void mend_authorization(ServerDraft& draft) {
  for (auto& [name, value] : draft.headers) {
    if (lower(name) != "authorization") continue;
    constexpr std::string_view header = "authorization:";
    auto text = trim(value);
    if (lower(text.substr(0, header.size())) == header) text = trim(text.substr(header.size()));
    auto mended = has_scheme(text, "bearer") ? bearer_value(text) : std::string(text);
    if (!mended.empty()) value = std::move(mended);
  }
}

ServerDraft::Pairs take_secrets(ServerDraft& draft) { return SecretTaker(draft).take(); }

std::string env_file_text(const ServerDraft::Pairs& variables) {
  std::string out;
  for (const auto& [name, value] : variables) {
    out += name + "=\"";
    for (const char c : value) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '"' || c == '\\' || c == '$') out += '\\';
      out += c;
    }
    out += "\"\n";
  }
  return out;
}

}  // namespace mooring::config
