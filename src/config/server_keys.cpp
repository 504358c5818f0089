#include <algorithm>
#include <array>

#include "config/header_values.hpp"
#include "config/key_makers.hpp"

namespace mooring::config {
namespace {

using namespace std::chrono_literals;
using Keys = std::vector<Key<UpstreamConfig>>;

constexpr Duration instant = 1ms;

std::optional<Problem> set_headers(UpstreamConfig& config, const Node& node, Reading& reading) {
  if (node.kind == Node::Kind::null) return {};
  if (node.kind != Node::Kind::map) {
    return expected(node, "a map of header names to values is expected");
  }
  config.headers.clear();
  for (const Member& member : node.members) {
    if (!member.value.is_scalar()) {
      return wrong(member.value, fmt::format("{} needs a text as its value", member.key));
    }
    const auto added = add_header(config.headers, member.key, member.value.text);
    if (!added) {
      return Problem{added.error().of_value ? member.value.at : member.at, added.error().text};
    }
    if (*added == HeaderUse::ours) {
      reading.note(
          member.at, fmt::format("headers.{} is set by Mooring itself; ignored", member.key)
      );
    }
  }
  return {};
}

std::optional<Problem> set_env(UpstreamConfig& config, const Node& node, Reading&) {
  if (node.kind == Node::Kind::null) return {};
  if (node.kind != Node::Kind::map) {
    return expected(node, "a map of variable names to values is expected");
  }
  config.env.clear();
  for (const Member& member : node.members) {
    if (member.key.empty() || member.key.find('=') != std::string::npos) {
      return Problem{member.at, fmt::format("{} is no variable name", shown(member.key))};
    }
    if (!member.value.is_scalar() && member.value.kind != Node::Kind::null) {
      return wrong(member.value, fmt::format("{} needs a text as its value", member.key));
    }
    if (looks_secret(member.key)) hide(member.value.text);
    config.env[member.key] = member.value.text;
  }
  return {};
}

std::optional<Problem> set_args(UpstreamConfig& config, const Node& node, Reading&) {
  if (node.kind == Node::Kind::map) {
    return wrong(node, "a list of arguments is expected, not a map; write [\"--flag\", \"value\"]");
  }
  if (node.kind != Node::Kind::string) {
    auto texts = texts_of(node);
    if (!texts) return texts.error();
    config.args = std::move(*texts);
    return {};
  }
  if (trim(node.text).starts_with('[')) {
    const auto inner = read_json(node.text);
    auto texts = inner ? texts_of(*inner) : std::unexpected(inner.error());
    if (!texts) {
      return wrong(node, fmt::format("the list in {} cannot be read", shown(node.text)));
    }
    config.args = std::move(*texts);
    return {};
  }
  auto words = split_words(node.text);
  if (!words) return wrong(node, fmt::format("{} in {}", words.error(), shown(node.text)));
  config.args = std::move(*words);
  return {};
}

Key<UpstreamConfig> custom(
    std::string path, KeyType type, std::string doc, Key<UpstreamConfig>::Set set
) {
  Key<UpstreamConfig> key{std::move(path), type, std::move(doc)};
  key.set = std::move(set);
  return key;
}

void add_reach(Keys& keys) {
  using C = UpstreamConfig;
  auto own = [&](Key<C> key) {
    key.own = true;
    keys.push_back(std::move(key));
  };
  own(text_key<C>("url", &C::url, "Where the server is reached over HTTP: `http://` or `https://`.")
  );
  own(text_key<C>(
      "command", &C::command,
      "The program that is the server, when it speaks over stdin and stdout. Looked up in PATH."
  ));
  own(custom(
      "args", KeyType::words,
      "Arguments of `command`: a list, or one text that is split as a shell would.", set_args
  ));
  own(custom(
      "env", KeyType::text_map,
      "Variables set in the child, on top of a filtered environment. An unset `${VAR}` stays as "
      "written.",
      set_env
  ));
  own(custom(
      "cwd", KeyType::text, "Working directory of the child. `~/` is the home directory.",
      [](C& config, const Node& node, Reading& reading) -> std::optional<Problem> {
        if (!node.is_scalar() || node.text.empty()) return expected(node, "a path is expected");
        config.cwd = reading.expand_home(node.text);
        return {};
      }
  ));
  own(custom(
      "headers", KeyType::text_map,
      "Headers sent with every request. An unset `${VAR}` fails the server.", set_headers
  ));
  own(choice_key<C>(
      "transport", &C::transport,
      std::vector<std::pair<std::string, TransportKind>>{
          {"auto", TransportKind::automatic},
          {"http", TransportKind::http},
          {"sse", TransportKind::sse},
          {"stdio", TransportKind::stdio},
          {"streamable-http", TransportKind::http},
          {"streamableHttp", TransportKind::http}
      },
      "How the server speaks. `auto`: stdio with a `command`; over HTTP, Streamable HTTP first and "
      "HTTP+SSE where "
      "the server knows only that."
  ));
  own(choice_key<C>(
      "protocol", &C::protocol,
      std::vector<std::pair<std::string, ProtocolEra>>{
          {"auto", ProtocolEra::automatic},
          {"legacy", ProtocolEra::legacy},
          {"modern", ProtocolEra::modern}
      },
      "The era of the protocol. `legacy`: up to 2025-11-25, with `initialize` and sessions. "
      "`modern`: from 2026-07-28, "
      "without. `auto`: the server is asked with `server/discover` first."
  ));
  own(bool_key<C>(
      "enabled", &C::enabled, "`false`: the server is listed but neither started nor contacted."
  ));
}

void add_sessions(Keys& keys) {
  using C = UpstreamConfig;
  keys.push_back(choice_key<C>(
      "sessions", &C::sessions,
      std::vector<std::pair<std::string, SessionMode>>{
          {"auto", SessionMode::automatic},
          {"shared", SessionMode::shared},
          {"per_client", SessionMode::per_client}
      },
      "Who shares a session with the server, or its process. `shared`: all clients. `per_client`: "
      "each client has its own, for servers that keep state. `auto`: shared; with a process that "
      "asks its client something, clients that come from then on have their own."
  ));
  keys.push_back(count_key<C>(
      "client_sessions.max", &C::max_client_sessions, 1, 100'000,
      "So many clients may have a session of their own with the server at once."
  ));
  keys.push_back(duration_key<C>(
      "client_sessions.idle_timeout", &C::client_session_idle, 1s,
      "A client's own session ends after so long without a call."
  ));
}

void add_time(Keys& keys) {
  using C = UpstreamConfig;
  keys.push_back(duration_key<C>(
      "timeout", &C::timeout, instant, "How long one call may take without a sign of progress."
  ));
  keys.push_back(duration_key<C>(
      "timeout_max", &C::timeout_max, instant,
      "How long one call may take at most, however much progress it reports."
  ));
  keys.push_back(duration_key<C>(
      "connect_timeout", &C::connect_timeout, instant,
      "Start of the process or connection, handshake and first listing together."
  ));
  keys.push_back(duration_key<C>(
      "era_probe_timeout", &C::probe_timeout, instant,
      "`protocol: auto`: how long the answer to `server/discover` may take before `initialize` is "
      "tried."
  ));
  keys.push_back(duration_key<C>(
      "recovery.wait", &C::recovery_wait, 0ms,
      "How long a call that lost its session waits for the new one."
  ));
  keys.push_back(duration_key<C>(
      "recovery.queue_wait", &C::queue_wait, 0ms,
      "How long a new call waits for a server that is reconnecting."
  ));
  keys.push_back(count_key<C>(
      "breaker.failures", &C::breaker_failures, 1, 1'000'000,
      "So many failed calls in a row open the circuit breaker."
  ));
  keys.push_back(duration_key<C>(
      "breaker.cooldown", &C::breaker_cooldown, instant,
      "How long an open breaker refuses calls before it lets one through to try."
  ));
  keys.push_back(count_key<C>(
      "reconnect.attempts", &C::reconnect_attempts, 0, 1'000'000,
      "Attempts to reconnect after a drop before the server is parked."
  ));
  keys.push_back(count_key<C>(
      "reconnect.initial_attempts", &C::initial_attempts, 1, 1'000'000,
      "Attempts at the first connection before the server is parked."
  ));
  keys.push_back(duration_key<C>(
      "reconnect.backoff_initial", &C::backoff_initial, 1ms,
      "Pause before the second attempt; it doubles from one to the next, with jitter."
  ));
  keys.push_back(duration_key<C>(
      "reconnect.backoff_max", &C::backoff_max, 1ms, "The longest pause between two attempts."
  ));
  keys.push_back(duration_key<C>(
      "reconnect.parked_interval", &C::parked_interval, 1s,
      "How often a parked server is tried again."
  ));
}

void add_content(Keys& keys) {
  using C = UpstreamConfig;
  keys.push_back(list_key<C>(
      "tools.include", [](C& c) -> auto& { return c.tools.include; },
      "Only tools whose own names match one of these patterns (`*`, `?`) are shown; `[]` shows "
      "none. Decides alone "
      "when `tools.exclude` is given too."
  ));
  keys.back().default_json.clear();
  keys.push_back(list_key<C>(
      "tools.exclude", [](C& c) -> auto& { return c.tools.exclude; },
      "Tools whose own names match one of these patterns are hidden."
  ));
  keys.push_back(bool_key<C>(
      "resources_as_tools", &C::resources_as_tools,
      "Adds tools that list and read resources and prompts, for clients that know only tools."
  ));
  keys.push_back(choice_key<C>(
      "schemas", &C::normalize_schemas,
      std::vector<std::pair<std::string, bool>>{{"untouched", false}, {"normalize", true}},
      "`normalize` turns tool schemas into valid 2020-12 object schemas for picky clients."
  ));
  keys.push_back(bool_key<C>(
      "validate_arguments", &C::validate_arguments,
      "Checks arguments against the tool's input schema before anything is sent."
  ));
  keys.push_back(bool_key<C>(
      "sampling.enabled", &C::sampling_enabled, "Lets the server ask the client's model for text."
  ));
  keys.push_back(count_key<C>(
      "sampling.max_rpm", &C::sampling_max_rpm, 0, 1'000'000,
      "Sampling requests a minute; more are answered with an error."
  ));
  keys.push_back(count_key<C>(
      "sampling.max_tokens", &C::sampling_max_tokens, 1, 1'000'000'000,
      "`maxTokens` of a sampling request is cut to this."
  ));
  keys.push_back(bool_key<C>(
      "elicitation.enabled", &C::elicitation_enabled, "Lets the server ask the user questions."
  ));
  keys.push_back(duration_key<C>(
      "elicitation.timeout", &C::client_request_timeout, instant,
      "How long a person, or the client's model, may take to answer what a server asks."
  ));
}

void add_limits_and_tls(Keys& keys) {
  using C = UpstreamConfig;
  keys.push_back(size_key<C>(
      "limits.buffer_bytes", &C::buffer_bytes, 1024,
      "Largest message of the server that is held whole in memory; larger results are streamed or "
      "refused."
  ));
  Key<C> chars{
      "limits.result_chars", KeyType::count,
      "Longest text block of a result; of a longer one head and tail are kept and the cut is "
      "stated. Without it there is no limit."
  };
  chars.min = 100;
  chars.max = 1'000'000'000;
  chars.set = [](C& config, const Node& node, Reading&) -> std::optional<Problem> {
    if (!node.is_scalar()) return expected(node, "a whole number is expected");
    const auto value = parse_count(node.text, 100, 1'000'000'000);
    if (!value) return wrong(node, value.error());
    config.result_chars = static_cast<std::size_t>(*value);
    return {};
  };
  keys.push_back(std::move(chars));
  keys.push_back(count_key<C>(
      "limits.pages", &C::max_pages, 1, 100'000,
      "Pages read of one list; the rest is left out with a warning."
  ));
  keys.push_back(
      bool_key<C>("ssl_verify", &C::ssl_verify, "`false` accepts any certificate. Only for tests.")
  );
  keys.push_back(path_key<C>(
      "ca_file", &C::ca_file, "PEM file of the authorities to trust instead of the system's."
  ));
  keys.push_back(path_key<C>("client_cert", &C::client_cert, "PEM file, for mutual TLS."));
  keys.push_back(path_key<C>(
      "client_key", &C::client_key, "PEM file of its key, where `client_cert` does not hold it."
  ));
  keys.push_back(bool_key<C>(
      "strict_redirect_headers", &C::strict_redirect_headers,
      "Drops every configured header, not only credentials, on a redirect to another origin."
  ));
  keys.push_back(list_key<C>(
      "pass_env", &C::pass_env,
      "Names of variables that the child gets from Mooring's own environment."
  ));
}

Keys make_keys() {
  Keys keys;
  add_reach(keys);
  add_sessions(keys);
  add_time(keys);
  add_recovery_keys(keys);
  add_auth_keys(keys);
  add_content(keys);
  add_limits_and_tls(keys);
  return keys;
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::expected<std::vector<std::string>, Problem> texts_of(const Node& node) {
  std::vector<std::string> texts;
  if (node.is_scalar()) return std::vector<std::string>{node.text};
  if (node.kind != Node::Kind::list) {
    return std::unexpected(*expected(node, "a list is expected ([] for none)"));
  }
  for (const Node& item : node.items) {
    if (!item.is_scalar())
      return std::unexpected(*expected(item, "a text is expected in the list"));
    texts.push_back(item.text);
  }
  return texts;
}

const std::vector<Key<UpstreamConfig>>& server_keys() {
  static const Keys keys = make_keys();
  return keys;
}

const std::vector<ForeignKey>& foreign_server_keys() {
  static const std::vector<ForeignKey> keys = {
      {"type", "Read as `transport`.",
       R"({"enum": ["stdio", "http", "sse", "streamable-http", "streamableHttp"]})"},
      {"disabled", "The opposite of `enabled`.", R"({"$ref": "#/definitions/boolean"})"},
      {"serverUrl", "Read as `url`.", R"({"type": "string"})"},
      {"envFile",
       "A file of KEY=VALUE lines that are added to `env`; what `env` says comes first. Relative "
       "to the directory of the "
       "configuration file.",
       R"({"type": "string"})"},
      {"autoApprove", "Ignored: approval is the client's business.", "true"},
      {"alwaysAllow", "Ignored: approval is the client's business.", "true"},
      {"inputs", "Ignored: Mooring cannot ask. Use environment variables.", "true"},
  };
  return keys;
}

}  // namespace mooring::config
