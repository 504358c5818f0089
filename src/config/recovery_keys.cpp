#include <algorithm>

#include "config/key_makers.hpp"
#include "recovery/classify.hpp"

namespace mooring::config {
namespace {

using namespace std::chrono_literals;
using C = UpstreamConfig;
using Keys = std::vector<Key<C>>;
using Words = std::vector<std::pair<std::string, ReplayPolicy>>;

const Words& replay_words() {
  static const Words words = {
      {"safe", ReplayPolicy::safe}, {"spec", ReplayPolicy::spec}, {"never", ReplayPolicy::never}
  };
  return words;
}

std::optional<ReplayPolicy> policy_of(const Node& node) {
  for (const auto& [word, policy] : replay_words()) {
    if (node.is_scalar() && lower(node.text) == word) return policy;
  }
  return std::nullopt;
}

std::optional<Problem> set_tool_replay(C& config, const Node& node, Reading&) {
  if (node.kind == Node::Kind::null) return {};
  if (node.kind != Node::Kind::map) {
    return expected(node, "a map of tool name patterns to safe, spec or never is expected");
  }
  config.tool_replay.clear();
  for (const Member& member : node.members) {
    const auto policy = policy_of(member.value);
    if (!policy) return expected(member.value, "one of safe, spec, never is expected");
    config.tool_replay.emplace_back(member.key, *policy);
  }
  return {};
}

std::optional<Problem> set_session_patterns(C& config, const Node& node, Reading&) {
  auto texts = texts_of(node);
  if (!texts) return texts.error();
  for (std::size_t i = 0; i < texts->size(); ++i) {
    if (const auto bad = recovery::Overrides::check_pattern((*texts)[i])) {
      return wrong(node.items.empty() ? node : node.items[i], *bad);
    }
  }
  config.session_patterns = std::move(*texts);
  return {};
}

std::optional<Problem> set_session_codes(C& config, const Node& node, Reading&) {
  const auto texts = texts_of(node);
  if (!texts) return texts.error();
  config.session_codes.clear();
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const auto code = parse_count((*texts)[i], -1'000'000'000, 1'000'000'000);
    if (!code) return wrong(node.items.empty() ? node : node.items[i], code.error());
    config.session_codes.push_back(static_cast<int>(*code));
  }
  return {};
}

std::optional<Problem> set_keepalive(C& config, const Node& node, Reading& reading) {
  constexpr Duration least = 5s;
  if (!node.is_scalar()) return expected(node, "a duration such as 60 or \"5m\" is expected");
  const auto value = parse_duration(node.text);
  if (!value) return wrong(node, value.error());
  config.keepalive_interval = *value;
  if (*value > Duration(0) && *value < least) {
    config.keepalive_interval = least;
    reading.note(
        node.at, fmt::format("keepalive_interval: {} is too often; 5s is used", shown(node.text))
    );
  }
  return {};
}

Key<C> custom(
    std::string path, KeyType type, std::string default_json, Key<C>::Set set, std::string doc
) {
  Key<C> key{std::move(path), type, std::move(doc)};
  key.default_json = std::move(default_json);
  key.set = std::move(set);
  return key;
}

void add_replay(Keys& keys) {
  keys.push_back(choice_key<C>(
      "replay", &C::replay, replay_words(),
      "Which calls are sent again after their session or connection was lost. `safe`: what was "
      "certainly not executed, and what changes nothing (`readOnlyHint`, `idempotentHint`). "
      "`spec`: also whatever was lost together with its session. `never`: nothing that left us."
  ));
  keys.push_back(custom(
      "tools.replay", KeyType::text_map, "{}", set_tool_replay,
      "`replay` for single tools: patterns of their own names (`*`, `?`) to `safe`, `spec` or "
      "`never`; the first that matches decides."
  ));
  keys.push_back(list_key<C>(
      "tools.repeatable", &C::repeatable_tools,
      "Tools whose own names match one of these patterns change nothing when they run a second "
      "time, whatever their hints say."
  ));
}

void add_session(Keys& keys) {
  keys.push_back(custom(
      "recovery.session_patterns", KeyType::list, "[]", set_session_patterns,
      "Regular expressions (ECMAScript, case ignored). A whole error message that matches one "
      "means that the session is lost. For servers with words of their own."
  ));
  keys.push_back(custom(
      "recovery.session_codes", KeyType::list, "[]", set_session_codes,
      "JSON-RPC error codes that mean a lost session."
  ));
  keys.push_back(bool_key<C>(
      "recovery.treat_401_as_session", &C::treat_401_as_session,
      "A 401 means a lost session: a new one is made with the same credentials before a login is "
      "thought of."
  ));
}

void add_keeping(Keys& keys) {
  keys.push_back(custom(
      "keepalive_interval", KeyType::duration, json_text(format_duration(C().keepalive_interval)),
      set_keepalive,
      "How often an idle HTTP session is pinged, so that it does not expire; at least `5s`, and "
      "more often where the server was seen to expire sessions earlier. `0`: never."
  ));
  keys.push_back(duration_key<C>(
      "idle_timeout", &C::idle_timeout, 0ms,
      "A child process that was not called for so long is ended; the next call starts it again. "
      "`0`: never."
  ));
  keys.push_back(duration_key<C>(
      "max_lifetime", &C::max_lifetime, 0ms,
      "A child process is replaced after so long, between calls. `0`: never."
  ));
  keys.push_back(bool_key<C>(
      "lazy", &C::lazy,
      "A child process is started by its first call; until then its tools are listed from the last "
      "time."
  ));
}

}  // namespace

void add_recovery_keys(Keys& keys) {
  add_replay(keys);
  add_session(keys);
  add_keeping(keys);
}

}  // namespace mooring::config
