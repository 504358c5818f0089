#include <algorithm>

#include "config/key_makers.hpp"
#include "core/file.hpp"

namespace mooring::config {
namespace {

using namespace std::chrono_literals;
using C = GatewayConfig;
using Keys = std::vector<Key<C>>;

constexpr std::size_t max_token_bytes = 64 * 1024;
constexpr std::size_t short_token = 16;

std::optional<Problem> add_token(
    C& config, const Node& node, std::string name, std::string_view text, Reading& reading
) {
  const std::string_view token = trim(text);
  const bool clean = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7F; });
  if (token.empty()) return wrong(node, fmt::format("the token {} is empty", shown(name)));
  if (!clean) {
    return wrong(
        node,
        fmt::format("the token {} holds blanks or characters no header can carry", shown(name))
    );
  }
  if (token.size() < short_token) {
    reading.note(
        node.at, fmt::format(
                     "the token {} has under {} characters and can be guessed; make one with "
                     "openssl rand -hex 32",
                     shown(name), short_token
                 )
    );
  }
  hide(token);
  config.tokens.push_back({std::move(name), std::string(token)});
  return {};
}

std::optional<Problem> add_token_file(
    C& config, const Node& node, std::string name, Reading& reading
) {
  const auto path = reading.resolve(node.at, node.text);
  reading.files.push_back(path);
  const auto text = core::read_file(path, max_token_bytes);
  if (!text) return wrong(node, text.error().detail);
  return add_token(config, node, std::move(name), *text, reading);
}

std::optional<Problem> add_token_env(
    C& config, const Node& node, std::string name, Reading& reading
) {
  const auto value = reading.env(node.text);
  if (!value) return wrong(node, fmt::format("the variable {} is not set", shown(node.text)));
  return add_token(config, node, std::move(name), *value, reading);
}

std::optional<Problem> add_named_token(C& config, const Node& node, Reading& reading) {
  if (node.is_scalar()) return add_token(config, node, "default", node.text, reading);
  if (node.kind != Node::Kind::map) {
    return expected(node, "a token is a text, or a map with name and one of token, file, env");
  }
  const Node* name = node.find("name");
  if (name == nullptr || !name->is_scalar() || name->text.empty()) {
    return wrong(node, "a token needs a name, which says in logs who it belongs to");
  }
  const Member* source = nullptr;
  for (const Member& member : node.members) {
    if (member.key == "name") continue;
    if (member.key != "token" && member.key != "file" && member.key != "env") {
      return Problem{
          member.at,
          fmt::format(
              "unknown key {}; a token has name and one of token, file, env", shown(member.key)
          )
      };
    }
    if (source != nullptr) {
      return Problem{member.at, "a token comes from one of token, file and env, not from two"};
    }
    source = &member;
  }
  if (source == nullptr) return wrong(node, "a token needs one of token, file, env");
  const Node& value = source->value;
  if (!value.is_scalar()) return wrong(value, fmt::format("{} needs a text", source->key));
  if (source->key == "file") return add_token_file(config, value, name->text, reading);
  if (source->key == "env") return add_token_env(config, value, name->text, reading);
  return add_token(config, value, name->text, value.text, reading);
}

std::optional<Problem> set_tokens(C& config, const Node& node, Reading& reading) {
  if (node.kind != Node::Kind::list) return expected(node, "a list of tokens is expected");
  for (const Node& item : node.items) {
    if (auto problem = add_named_token(config, item, reading)) return problem;
  }
  return {};
}

template <class Add>
Key<C> single_token(std::string path, KeyType type, std::string doc, Add add) {
  Key<C> key{std::move(path), type, std::move(doc)};
  key.set = [add](C& config, const Node& node, Reading& reading) -> std::optional<Problem> {
    if (!node.is_scalar() || node.text.empty()) return expected(node, "a text is expected");
    return add(config, node, reading);
  };
  return key;
}

void add_auth(Keys& keys) {
  Key<C> tokens{
      "auth.tokens", KeyType::tokens,
      "Bearer tokens that let clients in: `{name, token}`, `{name, file}` or `{name, env}` each. "
      "With any of them, a request "
      "without a valid one gets 401."
  };
  tokens.default_json = "[]";
  tokens.set = set_tokens;
  keys.push_back(std::move(tokens));
  keys.push_back(single_token(
      "auth.token", KeyType::text,
      "One token more, under the name `default`. Best written as `${VAR}`.",
      [](C& config, const Node& node, Reading& reading) {
        return add_token(config, node, "default", node.text, reading);
      }
  ));
  keys.push_back(single_token(
      "auth.token_file", KeyType::path, "The same, from a file.",
      [](C& config, const Node& node, Reading& reading) {
        return add_token_file(config, node, "default", reading);
      }
  ));
  keys.push_back(single_token(
      "auth.token_env", KeyType::text, "The same, from the environment variable of this name.",
      [](C& config, const Node& node, Reading& reading) {
        return add_token_env(config, node, "default", reading);
      }
  ));
  keys.push_back(list_key<C>(
      "allowed_hosts", &C::allowed_hosts,
      "Host names that requests may be addressed to, besides loopback. `*` lets every host in."
  ));
  keys.push_back(list_key<C>(
      "allowed_origins", &C::allowed_origins,
      "Origins of web pages that may call (`https://app.example.com`), besides loopback. `*` lets "
      "every origin in."
  ));
}

Key<C> listen_key() {
  Key<C> key = text_key<C>(
      "listen", &C::listen,
      "Address and port of the one listener. Beyond loopback a token is required, or `insecure`. "
      "Port 0 takes a free one."
  );
  key.set = [](C& config, const Node& node, Reading&) -> std::optional<Problem> {
    if (!node.is_scalar()) return expected(node, "an address such as 127.0.0.1:7777 is expected");
    const auto address = parse_listen(node.text);
    if (!address) return wrong(node, address.error().detail);
    config.listen = node.text;
    return {};
  };
  return key;
}

void add_general(Keys& keys) {
  keys.push_back(listen_key());
  keys.push_back(count_key<C>("threads", &C::threads, 1, 256, "Worker threads."));
  keys.push_back(
      bool_key<C>("insecure", &C::insecure, "Allows to listen beyond loopback without a token.")
  );
  add_auth(keys);
  keys.push_back(path_key<C>(
      "state_dir", &C::state_dir,
      "Where tokens, history and keys are kept. Without it, `$XDG_STATE_HOME/mooring`."
  ));
  keys.push_back(choice_key<C>(
      "log.level", &C::log_level,
      std::vector<std::pair<std::string, core::log::Level>>{
          {"trace", core::log::Level::trace},
          {"debug", core::log::Level::debug},
          {"info", core::log::Level::info},
          {"warn", core::log::Level::warn},
          {"error", core::log::Level::error},
          {"off", core::log::Level::off}
      },
      "The least important lines that are still written to stderr."
  ));
  keys.push_back(choice_key<C>(
      "log.format", &C::log_format,
      std::vector<std::pair<std::string, core::log::Format>>{
          {"text", core::log::Format::text}, {"json", core::log::Format::json}
      },
      "`json` writes one object a line."
  ));
}

void add_times(Keys& keys) {
  auto add = [&](std::string path, Duration C::* field, Duration min, std::string doc) {
    keys.push_back(duration_key<C>(std::move(path), field, min, std::move(doc)));
  };
  add("session_ttl", &C::session_ttl, 1s,
      "How long a client's session id is good without being used.");
  add("drain_timeout", &C::drain_timeout, 0ms,
      "How long calls in hand may take to finish at shutdown.");
  add("list_wait", &C::list_wait, 0ms,
      "How long a list waits for servers that are still connecting for the first time.");
  add("stream_after", &C::stream_after, 0ms,
      "A request that takes longer is answered as an SSE stream, so that the client can resume it."
  );
  add("keepalive_comment", &C::keepalive_comment, 100ms, "Between comments on a quiet SSE stream.");
  add("event_retention", &C::event_retention, 0ms,
      "How long a finished or abandoned stream can be resumed.");
  add("sse_retry", &C::sse_retry, 1ms,
      "The pause that clients are told to make before they resume a stream.");
  add("reload_interval", &C::reload_interval, 0ms,
      "How often the configuration files are looked at for changes; 0 never looks.");
  add("header_timeout", &C::header_timeout, 100ms,
      "From the first byte of a request to the end of its headers.");
  add("body_timeout", &C::body_timeout, 100ms, "Without a byte of a request's body.");
  add("idle_timeout", &C::idle_timeout, 100ms,
      "A connection without a request is closed after this.");
  add("write_timeout", &C::write_timeout, 100ms,
      "A client that takes nothing of its answer for so long is dropped.");
}

void add_limits(Keys& keys) {
  auto size = [&](std::string path, std::size_t GatewayLimits::* field, std::string doc) {
    auto get = [field](C& config) -> std::size_t& { return config.limits.*field; };
    keys.push_back(size_key<C>("limits." + path, get, 1024, std::move(doc)));
  };
  auto count = [&](std::string path, std::size_t GatewayLimits::* field, std::string doc) {
    auto get = [field](C& config) -> std::size_t& { return config.limits.*field; };
    keys.push_back(count_key<C>("limits." + path, get, 1, 100'000'000, std::move(doc)));
  };
  using L = GatewayLimits;
  size("request_bytes", &L::request_bytes, "Largest request body; a larger one gets 413.");
  size("header_bytes", &L::header_bytes, "Largest request head; a larger one gets 431.");
  count("connections", &L::connections, "Open client connections per thread; more get 503.");
  size(
      "buffer_bytes", &L::buffer_bytes,
      "Largest message held whole in memory on its way to or from a client."
  );
  count("stream_events", &L::stream_events, "Events kept per stream, for clients that resume it.");
  size(
      "event_bytes", &L::event_bytes,
      "Bytes of events kept per stream; older delivered ones are forgotten. A client of HTTP+SSE "
      "that leaves more "
      "notifications unread is cut off."
  );
  count("streams", &L::streams, "Resumable streams kept per thread.");
  count("sessions", &L::sessions, "Client sessions at once.");
  count(
      "requests_in_flight", &L::requests_in_flight,
      "Unanswered requests and notifications under way per client session."
  );
  count("subscriptions", &L::subscriptions, "Resources a client session may be subscribed to.");
  size("uri_bytes", &L::uri_bytes, "Longest resource URI that can be subscribed to.");
  auto depth = [](C& config) -> std::size_t& { return config.limits.json_depth; };
  keys.push_back(count_key<C>(
      "limits.json_depth", depth, 8, 1024, "Deepest nesting of a message; a deeper one is refused."
  ));
}

Keys make_keys() {
  Keys keys;
  add_general(keys);
  add_times(keys);
  add_limits(keys);
  return keys;
}

}  // namespace

const std::vector<Key<GatewayConfig>>& gateway_keys() {
  static const Keys keys = make_keys();
  return keys;
}

const std::vector<ForeignKey>& foreign_top_keys() {
  static const std::vector<ForeignKey> keys = {
      {"servers", "Read as `mcpServers` (VS Code).", ""},
      {"inputs", "Ignored: Mooring cannot ask. Use environment variables.", "true"},
      {"$schema", "For editors; ignored.", R"({"type": "string"})"},
  };
  return keys;
}

}  // namespace mooring::config
