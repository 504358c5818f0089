#include "config/bridge_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "config/values.hpp"

namespace mooring::config {
namespace {

using Words = std::span<const std::string>;

/// "npx" of "/usr/bin/npx" and of "C:\\node\\npx.cmd".
std::string program(std::string_view command) {
  auto name = lower(command.substr(command.find_last_of("/\\") + 1));
  for (const std::string_view end : {".cmd", ".exe"}) {
    if (name.ends_with(end)) name.resize(name.size() - end.size());
  }
  return name;
}

/// The words from the package on, of a command that runs one: npx, bunx, pnpm dlx, cmd /c npx ….
Words behind_runner(Words words) {
  auto next = [&] { words = words.subspan(1); };
  if (!words.empty() && program(words[0]) == "cmd") {
    next();
    if (!words.empty() && lower(words[0]) == "/c") next();
  }
  if (words.empty()) return words;
  const auto runner = program(words[0]);
  constexpr std::array<std::string_view, 6> direct = {"npx", "bunx", "pnpx", "pnpm", "yarn", "npm"};
  if (std::ranges::find(direct, runner) == direct.end()) return words;
  next();
  if (!words.empty() && (words[0] == "dlx" || words[0] == "exec" || words[0] == "x")) next();
  while (!words.empty() && words[0].starts_with('-')) next();
  return words;
}

/// "mcp-remote" of "mcp-remote@0.1.3".
std::string_view package(std::string_view word) { return word.substr(0, word.find('@')); }

/// Reads the options of one bridge.
class Bridge {
 public:
  Bridge(const ServerDraft& draft, std::vector<std::string>& notes)
      : draft_(draft), notes_(notes) {}

  /// The remote server; nothing: the words lead to none.
  std::optional<ServerDraft> read() {
    std::vector<std::string> all(draft_.args);
    all.insert(all.begin(), draft_.command);
    Words words = behind_runner(all);
    if (words.empty()) return {};
    const auto name = package(words[0]);
    words = words.subspan(1);
    remote_.name = draft_.name;
    remote_.enabled = draft_.enabled;
    remote_.timeout = draft_.timeout;
    remote_.connect_timeout = draft_.connect_timeout;
    remote_.include = draft_.include;
    remote_.exclude = draft_.exclude;
    remote_.env_file = draft_.env_file;
    if (name == "mcp-remote") {
      read_mcp_remote(words);
    } else if (program(name) == "supergateway") {
      read_supergateway(words);
    }
    if (remote_.url.find("://") == std::string::npos) return {};
    mend_authorization(remote_);
    for (const auto& note : found_) notes_.push_back(note);
    return std::move(remote_);
  }

 private:
  static std::string take(Words& words) {
    if (words.empty()) return {};
    auto word = words[0];
    words = words.subspan(1);
    return word;
  }

  /// `${VAR}` of the bridge's own environment, which will not be there any more.
  std::string substituted(std::string text) const {
    for (const auto& [name, value] : draft_.env) {
      const auto reference = "${" + name + "}";
      for (auto at = text.find(reference); at != std::string::npos;
           at = text.find(reference, at + value.size())) {
        text.replace(at, reference.size(), value);
      }
    }
    return text;
  }

  void header(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
      found_.emplace_back("a header without a colon is left out");
      return;
    }
    remote_.headers.emplace_back(
        trim(text.substr(0, colon)), substituted(std::string(trim(text.substr(colon + 1))))
    );
  }

  void leave(std::string_view option) {
    found_.push_back(fmt::format("{} of the bridge is left out", option));
  }

  void read_mcp_remote(Words words) {
    constexpr std::array<std::string_view, 4> flags = {
        "--allow-http", "--debug", "--enable-proxy", "--silent"
    };
    while (!words.empty()) {
      const auto word = take(words);
      if (word == "--header") {
        header(take(words));
      } else if (word == "--transport") {
        const auto strategy = take(words);
        if (strategy == "sse-only") remote_.transport = "sse";
        if (strategy == "http-only") remote_.transport = "http";
      } else if (word == "--ignore-tool") {
        remote_.exclude.push_back(take(words));
      } else if (word.starts_with("--static-oauth")) {
        take(words);
        found_.push_back(word + " is left out: see auth.client_id in docs/config.md");
      } else if (std::ranges::find(flags, word) != flags.end()) {
        continue;
      } else if (word.starts_with('-')) {
        leave(word);
        if (!words.empty() && !words[0].starts_with('-')) take(words);
      } else if (remote_.url.empty()) {
        remote_.url = substituted(word);
      }  // else the port of its callback
    }
  }

  void read_supergateway(Words words) {
    while (!words.empty()) {
      const auto word = take(words);
      if (word == "--sse" || word == "--streamableHttp") {
        remote_.url = substituted(take(words));
        remote_.transport = word == "--sse" ? "sse" : "http";
      } else if (word == "--header") {
        header(take(words));
      } else if (word == "--oauth2Bearer") {
        remote_.headers.emplace_back("Authorization", bearer_value(substituted(take(words))));
      } else if (word == "--stdio") {
        // The other direction: it wraps a local command.
        remote_.url.clear();
        return;
      } else if (word.starts_with("--") && !words.empty() && !words[0].starts_with('-')) {
        take(words);
      }
    }
  }

  const ServerDraft& draft_;
  std::vector<std::string>& notes_;
  std::vector<std::string> found_;
  ServerDraft remote_;
};

}  // namespace

bool unwrap_bridge(ServerDraft& draft, std::vector<std::string>& notes) {
  if (draft.command.empty()) return false;
  auto remote = Bridge(draft, notes).read();
  if (!remote) return false;
  notes.push_back(
      fmt::format("Mooring speaks to {} itself, {} is not needed", remote->url, draft.command)
  );
  draft = std::move(*remote);
  return true;
}

}  // namespace mooring::config
