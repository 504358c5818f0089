#include "config/foreign_entry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "config/bridge_command.hpp"
#include "config/values.hpp"
#include "protocol/names.hpp"

namespace mooring::config {
namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// The name of a variable for something that had another kind of name.
std::string variable(std::string_view id) {
  std::string out;
  for (const char c : id) {
    const bool small = c >= 'a' && c <= 'z';
    const bool other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += small ? static_cast<char>(c - 'a' + 'A') : other ? c : '_';
  }
  return is_env_name(out) ? out : "INPUT_" + out;
}

/// Clients that write times in milliseconds; the others write seconds.
bool in_milliseconds(std::string_view client) {
  return is_one_of(client, {"gemini", "qwen", "lmstudio", "opencode"});
}

class EntryReader {
 public:
  EntryReader(const Member& entry, const ForeignContext& context)
      : node_(entry.value), context_(context) {
    name(entry.key);
  }

  ForeignServer read() {
    if (node_.kind != Node::Kind::map) {
      out_.obstacle = fmt::format("it is {}, not a map", describe(node_));
      return std::move(out_);
    }
    for (const Member& member : node_.members) {
      if (!reach(member) && !settings(member) && !harmless(member.key)) {
        left_out_.push_back(member.key);
      }
    }
    settle();
    return std::move(out_);
  }

 private:
  void note(std::string text) {
    if (std::ranges::find(out_.notes, text) == out_.notes.end()) {
      out_.notes.push_back(std::move(text));
    }
  }

  /// A name that can stand in /mcp/NAME. Some clients use addresses of repositories.
  void name(std::string_view given) {
    std::string name(trim(given));
    if (const auto slash = name.find_last_of('/'); slash != std::string::npos) {
      const auto last = name.substr(slash + 1);
      name = last.empty() ? name.substr(0, slash) : last;
    }
    std::ranges::replace(name, '/', '-');
    for (auto at = name.find("__"); at != std::string::npos; at = name.find("__")) {
      name.erase(at, 1);
    }
    std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (name.size() > protocol::max_name) name.resize(protocol::max_name);
    out_.draft.name = trim(name);
    if (const auto bad = bad_server_name(out_.draft.name)) {
      out_.obstacle = "its name " + *bad;
    } else if (out_.draft.name != given) {
      note(fmt::format("was called {}", given));
    }
  }

  /// A text with the variables of other clients turned into ours.
  std::string text(const Node& node) {
    std::string_view rest = node.text;
    std::string out;
    for (;;) {
      const auto begin = rest.find("${");
      const auto end = begin == std::string_view::npos ? begin : rest.find('}', begin);
      if (end == std::string_view::npos) break;
      out += rest.substr(0, begin);
      auto inner = rest.substr(begin + 2, end - begin - 2);
      rest.remove_prefix(end + 1);
      if (inner.starts_with('{')) {
        inner.remove_prefix(1);
        if (rest.starts_with('}')) rest.remove_prefix(1);
      }
      out += reference(trim(inner));
    }
    return dollars(out + std::string(rest));
  }

  /// What stands for `${inner}` here.
  std::string reference(std::string_view inner) {
    const auto colon = inner.find(':');
    const auto dot = inner.find('.');
    if (inner.starts_with("input:")) return asked(inner.substr(colon + 1));
    if (inner.starts_with("secrets.") || inner.starts_with("inputs.")) {
      return asked(inner.substr(dot + 1));
    }
    if (is_one_of(inner, {"userHome", "env:HOME"})) return context_.home;
    if (inner == "pathSeparator" || inner == "/") return "/";
    if (is_one_of(inner, {"workspaceFolder", "workspaceRoot", "workspaceFolderBasename"})) {
      const std::filesystem::path project(context_.project);
      if (!context_.project.empty()) {
        return inner.ends_with("Basename") ? project.filename().string() : context_.project;
      }
      note(fmt::format("${{{}}} has no meaning here: put in a directory", inner));
    }
    return fmt::format("${{{}}}", inner);
  }

  std::string asked(std::string_view id) {
    const auto name = variable(id);
    const auto known = context_.inputs.find(std::string(id));
    const auto what = known == context_.inputs.end() || known->second.empty()
                          ? std::string()
                          : fmt::format(" ({})", known->second);
    note(fmt::format("set {} in the environment of the gateway{}", name, what));
    return "${" + name + "}";
  }

  /// `$VAR` of Gemini and its kin.
  std::string dollars(std::string given) const {
    if (!is_one_of(context_.client, {"gemini", "qwen"})) return given;
    std::string out;
    for (std::size_t i = 0; i < given.size(); ++i) {
      std::size_t end = i + 1;
      while (end < given.size() && is_env_name(std::string_view(given).substr(i + 1, end - i))) {
        ++end;
      }
      if (given[i] == '$' && end > i + 1) {
        out += "${" + given.substr(i + 1, end - i - 1) + "}";
        i = end - 1;
      } else {
        out += given[i];
      }
    }
    return out;
  }

  std::vector<std::string> texts(const Node& node) {
    std::vector<std::string> all;
    if (node.is_scalar()) all.push_back(text(node));
    for (const Node& item : node.items) {
      if (item.is_scalar()) all.push_back(text(item));
    }
    return all;
  }

  void pairs(const Node& node, ServerDraft::Pairs& into) {
    for (const Member& member : node.members) {
      if (member.value.is_scalar()) into.emplace_back(member.key, text(member.value));
    }
  }

  /// Keys that say where the server is. False: it is none of them.
  bool reach(const Member& member) {
    const auto& [key, at, value] = member;
    auto& draft = out_.draft;
    if (is_one_of(key, {"command", "cmd"})) {
      command(value);
    } else if (key == "args") {
      const auto more = texts(value);
      draft.args.insert(draft.args.end(), more.begin(), more.end());
    } else if (is_one_of(key, {"env", "envs", "environment"})) {
      pairs(value, draft.env);
    } else if (is_one_of(key, {"env_vars", "env_keys"})) {
      variables(key, value);
    } else if (is_one_of(key, {"cwd", "working_directory"})) {
      draft.cwd = text(value);
    } else if (key == "envFile") {
      draft.env_file = text(value);
    } else if (is_one_of(key, {"url", "serverUrl", "uri", "httpUrl"})) {
      if (draft.url.empty() || key == "httpUrl") draft.url = text(value);
      if (key == "httpUrl") draft.transport = "http";
    } else if (is_one_of(key, {"headers", "http_headers"})) {
      pairs(value, draft.headers);
    } else if (key == "requestOptions") {
      if (const Node* headers = value.find("headers")) pairs(*headers, draft.headers);
    } else if (key == "env_http_headers") {
      for (const Member& header : value.members) {
        draft.headers.emplace_back(header.key, "${" + header.value.text + "}");
      }
    } else if (key == "bearer_token_env_var") {
      draft.headers.emplace_back("Authorization", "Bearer ${" + value.text + "}");
    } else {
      return false;
    }
    return true;
  }

  /// A text, a list with the arguments, or a map as older versions of Zed have it.
  void command(const Node& value) {
    auto& draft = out_.draft;
    if (value.kind == Node::Kind::map) {
      if (const Node* path = value.find("path")) draft.command = text(*path);
      if (const Node* args = value.find("args")) draft.args = texts(*args);
      if (const Node* env = value.find("env")) pairs(*env, draft.env);
      return;
    }
    auto words = texts(value);
    if (words.empty()) return;
    draft.command = words.front();
    draft.args.insert(draft.args.begin(), words.begin() + 1, words.end());
  }

  void variables(std::string_view key, const Node& value) {
    for (const Node& item : value.items) {
      const Node* named = item.kind == Node::Kind::map ? item.find("name") : &item;
      if (named == nullptr || !named->is_scalar()) continue;
      out_.draft.pass_env.push_back(named->text);
      if (key == "env_keys") {
        note(fmt::format("set {} in the environment of the gateway", named->text));
      }
    }
  }

  /// Keys that say how it is treated. False: it is none of them.
  bool settings(const Member& member) {
    const auto& [key, at, value] = member;
    auto& draft = out_.draft;
    if (key == "disabled" || key == "enabled") {
      const auto yes = parse_bool(value.text);
      if (yes) draft.enabled = *yes == (key == "enabled");
    } else if (is_one_of(key, {"type", "transport", "transportType"})) {
      kind(value.text);
    } else if (is_one_of(key, {"includeTools", "enabled_tools", "available_tools"})) {
      if (!value.items.empty()) draft.include = texts(value);
    } else if (is_one_of(key, {"excludeTools", "disabled_tools", "disabledTools"})) {
      draft.exclude = texts(value);
    } else if (is_one_of(key, {"timeout", "tool_timeout_sec", "toolTimeout"})) {
      draft.timeout = duration(key, value.text);
    } else if (is_one_of(key, {"startup_timeout_sec", "startup_timeout_ms", "connectionTimeout"})) {
      draft.connect_timeout = duration(key, value.text);
    } else {
      return false;
    }
    return true;
  }

  void kind(std::string_view given) {
    const auto word = lower(given);
    if (word == "sse") {
      out_.draft.transport = "sse";
    } else if (is_one_of(word, {"http", "streamable-http", "streamablehttp", "streamable_http"})) {
      out_.draft.transport = "http";
    } else if (is_one_of(word, {"builtin", "platform", "frontend", "inline_python", "ws"})) {
      out_.obstacle = fmt::format("a server of the type {} works only in its client", given);
    } else if (!is_one_of(word, {"stdio", "local", "remote", "custom", "auto"})) {
      note(fmt::format("the type {} is not known and left out", shown(given)));
    }
  }

  /// "30s" from a bare number; anything odd is left out.
  std::string duration(std::string_view key, std::string_view given) {
    const auto seconds = parse_duration(given);
    if (!seconds || seconds->count() == 0) return {};
    const bool milliseconds = key.ends_with("_ms") || key == "connectionTimeout" ||
                              (key == "timeout" && in_milliseconds(context_.client));
    return format_duration(milliseconds ? *seconds / 1000 : *seconds);
  }

  /// Keys without a meaning for a gateway; not worth a note.
  static bool harmless(std::string_view key) {
    return is_one_of(
        key, {"name", "description", "title", "display_name", "icon", "version", "gallery", "id",
              "bundled", "source", "trust", "autoApprove", "alwaysAllow", "autoStart", "$schema",
              "metadata", "required"}
    );
  }

  void settle() {
    auto& draft = out_.draft;
    const Node* source = node_.find("source");
    if (draft.url.empty() && draft.command.empty() && out_.obstacle.empty()) {
      out_.obstacle = source != nullptr && source->text == "extension"
                          ? "it belongs to an extension of its client"
                          : "it has neither a url nor a command";
    }
    if (!draft.url.empty()) {
      draft.command.clear();
      draft.args.clear();
      draft.cwd.clear();
      draft.pass_env.clear();
    } else {
      draft.transport.clear();
      draft.headers.clear();
    }
    std::vector<std::string> notes;
    if (unwrap_bridge(draft, notes)) {
      for (auto& text : notes) note(std::move(text));
    }
    mend_authorization(draft);
    if (!draft.url.empty()) draft.env.clear();
    place();
    if (!left_out_.empty()) note(fmt::format("left out: {}", fmt::join(left_out_, ", ")));
  }

  /// Paths as they are meant from where the gateway runs.
  void place() {
    auto& draft = out_.draft;
    const std::filesystem::path project(context_.project);
    const bool local = !draft.command.empty();
    const auto absolute = [&](std::string& path) {
      if (path.starts_with("~/")) path = context_.home + path.substr(1);
      if (path.empty() || path.starts_with('/') || project.empty()) return;
      path = (project / path).lexically_normal().string();
    };
    absolute(draft.env_file);
    absolute(draft.cwd);
    if (local && draft.cwd.empty()) draft.cwd = context_.project;
    if (local && draft.command.starts_with("./")) absolute(draft.command);
    if (!draft.env_file.empty() && !draft.env_file.starts_with('/')) {
      note(fmt::format("left out: envFile {}, which belongs to no directory", draft.env_file));
      draft.env_file.clear();
    }
  }

  const Node& node_;
  const ForeignContext& context_;
  std::vector<std::string> left_out_;
  ForeignServer out_;
};

}  // namespace

ForeignServer read_foreign_entry(const Member& entry, const ForeignContext& context) {
  return EntryReader(entry, context).read();
}

}  // namespace mooring::config
