#include "config/command_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "config/values.hpp"

namespace mooring::config {
namespace {

std::string base_name(std::string_view path) { return lower(path.substr(path.rfind('/') + 1)); }

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_shell(std::string_view program) {
  constexpr std::array<std::string_view, 8> shells = {"sh",  "bash", "zsh",  "dash",
                                                      "ash", "ksh",  "mksh", "fish"};
  return one_of(base_name(program), shells);
}

/// What runs what it reads on stdin.
bool is_interpreter(std::string_view program) {
  constexpr std::array<std::string_view, 5> others = {"node", "perl", "ruby", "php", "deno"};
  const std::string name = base_name(program);
  return is_shell(name) || one_of(name, others) || name.starts_with("python");
}

bool is_downloader(std::string_view program) {
  constexpr std::array<std::string_view, 5> names = {
      "curl", "wget", "fetch", "aria2c", "lwp-request"
  };
  return one_of(base_name(program), names);
}

/// Programs that run the program named after them.
bool is_wrapper(std::string_view program) {
  constexpr std::array<std::string_view, 12> names = {"sudo",    "env",    "nohup",  "exec",
                                                      "command", "nice",   "time",   "timeout",
                                                      "doas",    "setsid", "stdbuf", "busybox"};
  return one_of(base_name(program), names);
}

bool begins_with_digit(std::string_view word) {
  return !word.empty() && word.front() >= '0' && word.front() <= '9';
}

/// Words and operators of a script. Quotes are dropped, so that what stands inside them is seen
/// too.
std::vector<std::string> tokens_of(std::string_view script) {
  constexpr std::string_view operators = "|;&()<>`{}\n";
  std::vector<std::string> tokens;
  bool open = false;
  for (std::size_t i = 0; i < script.size(); ++i) {
    const char c = script[i];
    if (script.substr(i).starts_with("\\\n")) {
      ++i;  // the command goes on in the next line
    } else if (operators.find(c) != std::string_view::npos) {
      tokens.emplace_back(1, c);
      open = false;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      open = false;
    } else if (c != '"' && c != '\'' && c != '\\') {
      if (!open) tokens.emplace_back();
      tokens.back() += c;
      open = true;
    }
  }
  return tokens;
}

/// The program that runs at `at`, behind wrappers, their options and assignments; empty at the end
/// of a command.
std::string_view program_at(std::span<const std::string> tokens, std::size_t at) {
  bool wrapped = false;
  for (; at < tokens.size(); ++at) {
    const std::string_view word = tokens[at];
    if (!wrapped && (word == "&" || word == "\n")) continue;  // "|&"; a pipe at the end of a line
    if (is_wrapper(word)) {
      wrapped = true;
    } else if (word.find('=') == std::string_view::npos && !word.starts_with('-')) {
      // What follows a wrapper may be an argument of its own ("timeout 5 sh").
      if (!wrapped || !begins_with_digit(word)) return word;
    }
  }
  return {};
}

/// A download whose output reaches an interpreter: through a pipe, or by substitution where a
/// command is read.
bool runs_a_download(std::string_view script) {
  constexpr std::array<std::string_view, 3> readers = {"eval", "source", "."};
  const auto tokens = tokens_of(script);
  bool downloading = false;  // in the pipeline at hand
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string& token = tokens[i];
    if (is_downloader(token)) {
      downloading = true;
      const bool opens = i > 0 && (tokens[i - 1] == "(" || tokens[i - 1] == "`");
      // "$(curl …)" or "<(curl …)" with an interpreter, a reader or nothing before it.
      if (!opens) continue;
      std::size_t before = i - 1;
      while (before > 0 && (tokens[before - 1] == "$" || tokens[before - 1] == "<")) --before;
      if (before == 0) return true;
      for (std::size_t k = before; k-- > 0;) {
        if (one_of(tokens[k], std::array<std::string_view, 3>{";", "&", "|"})) break;
        if (is_interpreter(tokens[k]) || one_of(tokens[k], readers)) return true;
      }
    } else if (token == "|" && downloading) {
      if (is_interpreter(program_at(tokens, i + 1))) return true;
    } else if (token == ";" || token == "\n") {
      downloading = false;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> dangerous_command(const UpstreamConfig& config) {
  std::vector<std::string> words;
  const std::string_view command = trim(config.command);
  if (config.args.empty() && command.find(' ') != std::string_view::npos) {
    if (auto split = split_words(command)) words = std::move(*split);
  } else {
    words.emplace_back(command);
    words.insert(words.end(), config.args.begin(), config.args.end());
  }
  const auto shell = std::ranges::find_if(words, [](const auto& word) { return is_shell(word); });
  if (shell == words.end()) return std::nullopt;
  const bool first = std::all_of(words.begin(), shell, [](const std::string& word) {
    return is_wrapper(word) || word.find('=') != std::string::npos || word.starts_with('-') ||
           begins_with_digit(word);
  });
  if (!first) return std::nullopt;
  bool command_string = false;
  for (auto word = shell + 1; word != words.end(); ++word) {
    if (command_string && runs_a_download(*word)) {
      return fmt::format(
          "the command makes {} run a script it downloads; install the server first and name its "
          "program instead",
          base_name(*shell)
      );
    }
    const bool cluster = word->starts_with('-') && !word->starts_with("--");
    if ((cluster && word->find('c') != std::string::npos) || *word == "--command") {
      command_string = true;
    }
  }
  return std::nullopt;
}

}  // namespace mooring::config
