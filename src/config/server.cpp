#include "config/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/command_guard.hpp"
#include "config/env_file.hpp"
#include "config/key_makers.hpp"
#include "config/section.hpp"
#include "core/file.hpp"
#include "core/redact.hpp"
#include "core/url.hpp"

namespace mooring::config {
namespace {

/// Reads one server; collects problems in the order in which they matter.
class ServerReader {
 public:
  ServerReader(const Member& entry, const UpstreamConfig& defaults, Reading& reading)
      : entry_(entry), node_(entry.value), reading_(reading), config_(defaults) {
    config_.name = entry.key;
  }

  ServerEntry read() {
    std::vector<std::string> outer = std::exchange(reading_.notes, {});
    if (const auto bad = bad_server_name(entry_.key)) problem(entry_.at, "the name " + *bad);
    const Env outer_env = reading_.env;
    read_env_file_first();
    read_keys();
    reading_.env = outer_env;
    if (problems_.empty()) settle();
    ServerEntry out;
    out.config = std::move(config_);
    out.line = static_cast<int>(entry_.at.line);
    out.notes = std::exchange(reading_.notes, std::move(outer));
    publish(out);
    return out;
  }

 private:
  void problem(Position at, std::string text) { problems_.push_back({at, std::move(text)}); }

  bool has(std::string_view key) const {
    const Node* value = node_.find(key);
    return value != nullptr && value->kind != Node::Kind::null;
  }
  Position at(std::string_view key) const {
    const Node* value = node_.find(key);
    return value != nullptr ? value->at : entry_.at;
  }

  /// Its variables may stand in every other key.
  void read_env_file_first() {
    const Node* found = node_.kind == Node::Kind::map ? node_.find("envFile") : nullptr;
    if (found == nullptr || found->kind == Node::Kind::null) return;
    Node node = *found;
    if (auto wrong = expand_tree(node, Unset::fail, false, reading_))
      return problem(wrong->at, "envFile: " + wrong->text);
    if (!node.is_scalar() || node.text.empty()) {
      const auto wrong = expected(node, "a path is expected");
      return problem(wrong->at, "envFile: " + wrong->text);
    }
    const auto path = reading_.resolve(node.at, node.text);
    reading_.files.push_back(path);
    auto variables = read_env_file(path);
    if (!variables) return problem(node.at, "envFile: " + variables.error());
    config_.env_file = absolute(path);
    from_file_ = *variables;
    reading_.env = layered(std::move(*variables), reading_.env);
  }

  /// It is read again later, from wherever this process then is.
  static std::string absolute(const std::filesystem::path& path) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    return error ? path.string() : whole.string();
  }

  void read_keys() {
    if (node_.kind != Node::Kind::map) {
      problem(
          node_.at, fmt::format("a map with url or command is expected, not {}", describe(node_))
      );
      return;
    }
    for (Member& member : node_.members) {
      if (member.key == "envFile") continue;
      const bool auth = member.key == "auth" || member.key.starts_with("auth.");
      const bool secret_place = auth || member.key == "headers" || member.key == "env";
      const bool needed =
          auth || member.key == "headers" || member.key == "url" || member.key == "serverUrl";
      auto wrong =
          expand_tree(member.value, needed ? Unset::fail : Unset::keep, secret_place, reading_);
      if (wrong) problem(wrong->at, fmt::format("{}: {}", member.key, wrong->text));
    }
    for (Problem& found : section().apply(node_)) problems_.push_back(std::move(found));
  }

  Section section() {
    Section out;
    auto bind = [&](const std::string& path, const Key<UpstreamConfig>& key) {
      out.bind(path, [this, &key](const Node& node) { return key.set(config_, node, reading_); });
    };
    for (const auto& key : server_keys()) bind(key.path, key);
    for (const auto& key : server_keys()) {
      if (key.path == "transport" && !has("transport")) bind("type", key);
      if (key.path == "url" && !has("url")) bind("serverUrl", key);
    }
    for (const ForeignKey& key : foreign_server_keys()) {
      out.bind(key.path, [this, path = key.path](const Node& node) { return foreign(path, node); });
    }
    return out;
  }

  std::optional<Problem> foreign(const std::string& key, const Node& node) {
    if (key == "type" && has("transport")) {
      reading_.note(node.at, "type is ignored: transport is given too");
    } else if (key == "serverUrl" && has("url")) {
      reading_.note(node.at, "serverUrl is ignored: url is given too");
    } else if (key == "disabled") {
      return disable(node);
    } else if (key == "autoApprove" || key == "alwaysAllow") {
      reading_.note(node.at, key + " is ignored: approval is the client's business");
    } else if (key == "inputs") {
      reading_.note(node.at, "inputs is ignored: use environment variables such as ${TOKEN}");
    }
    return {};
  }

  std::optional<Problem> disable(const Node& node) {
    if (!node.is_scalar()) return expected(node, "true or false is expected");
    const auto word = parse_bool(node.text);
    if (has("enabled")) {
      reading_.note(node.at, "disabled is ignored: enabled is given too");
    } else if (word) {
      config_.enabled = !*word;
    } else {
      reading_.note(
          node.at, fmt::format("disabled: {} is neither true nor false; ignored", shown(node.text))
      );
    }
    return {};
  }

  /// What depends on several keys at once.
  void settle() {
    for (auto& [name, value] : from_file_) config_.env.try_emplace(name, value);
    config_.command = reading_.expand_home(trim(config_.command));
    config_.url = std::string(trim(config_.url));
    choose_way();
    if (!problems_.empty()) return;
    if (remote_) {
      check_url();
    } else {
      check_command();
    }
    order_times();
  }

  void choose_way() {
    const bool url = has("url") || has("serverUrl");
    const bool command = has("command");
    const bool stdio = config_.transport == TransportKind::stdio;
    const std::string_view url_key = has("url") ? "url" : "serverUrl";
    remote_ = url && !(command && stdio);
    if (!url && !command) {
      return problem(entry_.at, "neither url nor command is given; one of them is needed");
    }
    if (url && command) {
      reading_.note(
          at(stdio ? url_key : "command"),
          fmt::format(
              "{} is ignored: {} is given too", stdio ? url_key : "command",
              stdio ? "command" : url_key
          )
      );
      if (stdio) {
        config_.url.clear();
      } else {
        config_.command.clear();
        config_.args.clear();
      }
    } else if (url && stdio) {
      problem(at("url"), "transport stdio needs a command, but only a url is given");
    } else if (command && config_.transport != TransportKind::automatic && !stdio) {
      problem(at("command"), "this transport needs a url, but only a command is given");
    }
  }

  void check_url() {
    const auto url = core::Url::parse(config_.url);
    if (!url) {
      problem(
          at(has("url") ? "url" : "serverUrl"),
          fmt::format("url {}: {}", shown(core::redact(config_.url)), url.error().detail)
      );
    }
    for (const char* key : {"args", "env", "cwd", "pass_env"}) {
      if (has(key)) reading_.note(at(key), fmt::format("{} is ignored: the server has a url", key));
    }
    config_.args.clear();
    config_.env.clear();
    config_.cwd.clear();
    if (!config_.client_key.empty() && config_.client_cert.empty()) {
      problem(at("client_key"), "client_key needs client_cert");
    }
    keep_templates();
    check_auth();
  }

  /// Headers with variables or files in them are looked up again for every session.
  void keep_templates() {
    const Node* raw = entry_.value.kind == Node::Kind::map ? entry_.value.find("headers") : nullptr;
    if (raw == nullptr) return;
    const bool any = std::ranges::any_of(raw->members, [](const Member& member) {
      return member.value.text.find("${") != std::string::npos;
    });
    if (!any) return;
    for (const Member& member : raw->members) {
      config_.header_templates
          .emplace_back(member.key, with_file_paths(member.value.text, [&](std::string_view path) {
                          return absolute(reading_.resolve(member.value.at, path));
                        }));
    }
  }

  void check_auth() {
    using Grant = OAuthConfig::Grant;
    auto& oauth = config_.oauth;
    const bool header = std::ranges::any_of(config_.headers, [](const auto& each) {
      return lower(each.first) == "authorization";
    });
    if (header) {
      if (has("auth"))
        reading_.note(at("auth"), "auth is ignored: headers.Authorization is given, and used");
      oauth.grant = Grant::none;
      return;
    }
    const auto needs = [&](bool there, std::string_view what) {
      if (!there) problem(at("auth"), fmt::format("auth.grant needs {}", what));
    };
    if (oauth.grant == Grant::client_credentials) {
      needs(!oauth.client_id.empty(), "auth.client_id");
      needs(
          !oauth.client_secret.empty() || !oauth.private_key.empty(),
          "auth.client_secret or auth.private_key_file"
      );
    } else if (oauth.grant == Grant::jwt_bearer) {
      needs(
          !oauth.assertion.empty() || !oauth.assertion_file.empty(),
          "auth.assertion or auth.assertion_file"
      );
    } else if (oauth.grant == Grant::enterprise) {
      needs(
          !oauth.assertion.empty() || !oauth.assertion_file.empty(),
          "auth.assertion or auth.assertion_file"
      );
      needs(!oauth.idp_token_endpoint.empty(), "auth.idp_token_endpoint");
      needs(!oauth.idp_client_id.empty(), "auth.idp_client_id");
    }
  }

  void check_command() {
    if (config_.command.empty()) return problem(at("command"), "command is empty");
    if (has("headers")) {
      reading_.note(at("headers"), "headers is ignored: the server has a command");
      config_.headers.clear();
    }
    if (has("auth")) reading_.note(at("auth"), "auth is ignored: the server has a command");
    if (config_.args.empty() && config_.command.find(' ') != std::string::npos) {
      reading_.note(
          at("command"), "command names one program, blanks included; arguments belong into args"
      );
    }
    if (const auto danger = dangerous_command(config_)) problem(at("command"), *danger);
  }

  /// An upper bound below its lower one is raised rather than refused: a lone `timeout: 900` is a
  /// plain wish.
  void order_times() {
    if (config_.timeout_max < config_.timeout) {
      if (has("timeout_max")) {
        reading_.note(at("timeout_max"), "timeout_max is below timeout; timeout is used for both");
      }
      config_.timeout_max = config_.timeout;
    }
    config_.backoff_max = std::max(config_.backoff_max, config_.backoff_initial);
  }

  void publish(ServerEntry& out) {
    for (std::size_t i = 0; i < problems_.size(); ++i) {
      std::string text = reading_.document.message(
          problems_[i].at, fmt::format("server {}: {}", shown(entry_.key), problems_[i].text)
      );
      if (i == 0 && out.config.enabled) {
        out.error = Error{Reason::config, std::move(text)};
      } else {
        out.notes.push_back(std::move(text));
      }
    }
  }

  const Member& entry_;
  Node node_;  ///< a copy, in which variables are replaced
  Reading& reading_;
  UpstreamConfig config_;
  std::map<std::string, std::string> from_file_;
  std::vector<Problem> problems_;
  bool remote_ = false;  ///< reached by url
};

}  // namespace

ServerEntry read_server(const Member& entry, const UpstreamConfig& defaults, Reading& reading) {
  return ServerReader(entry, defaults, reading).read();
}

}  // namespace mooring::config
