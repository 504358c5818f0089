#include "cli/add.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "cli/after_change.hpp"
#include "cli/config_editor.hpp"
#include "cli/console.hpp"
#include "cli/surroundings.hpp"
#include "config/bridge_command.hpp"
#include "config/server_draft.hpp"
#include "config/values.hpp"
#include "core/url.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

using config::ServerDraft;

/// "mcp.example.com/mcp": meant as a URL, more likely than not.
bool lacks_scheme(const std::string& word) {
  const auto host = word.substr(0, word.find_first_of("/:"));
  std::error_code ignored;
  return host.size() < word.size() && host.find('.') != std::string::npos &&
         !host.starts_with('.') && !fs::exists(word, ignored);
}

Result<std::string> bearer_of(const std::string& given) {
  auto text = given;
  if (given == "-" && !std::getline(std::cin, text)) {
    return fail(Reason::usage, "nothing is on stdin to be the token of --bearer");
  }
  auto value = config::bearer_value(text);
  if (value.empty()) return fail(Reason::usage, "there is no token behind --bearer");
  return value;
}

enum class Case : std::uint8_t { counts, ignored };

Result<void> put(
    ServerDraft::Pairs& pairs, Case letters, std::string_view name, std::string_view value
) {
  for (const auto& [there, unused] : pairs) {
    const bool same = config::lower(there) == config::lower(name);
    if (there == name || (same && letters == Case::ignored)) {
      return fail(Reason::usage, fmt::format("{} is given twice", name));
    }
  }
  pairs.emplace_back(name, value);
  return {};
}

/// A path means the same wherever the gateway runs.
std::string from_here(const std::string& path) {
  if (path.empty() || path.starts_with('~') || path.starts_with('$')) return path;
  return fs::absolute(path).lexically_normal().string();
}

Result<void> read_url(const AddCommand& command, ServerDraft& draft) {
  draft.url = command.target.front();
  draft.transport = command.transport;
  // With a variable in it, it is known only where it runs.
  if (draft.url.find("${") == std::string::npos) {
    if (const auto url = core::Url::parse(draft.url); !url) return std::unexpected(url.error());
  }
  if (!command.env.empty() || !command.cwd.empty()) {
    return fail(Reason::usage, "a command takes --env and --cwd; a URL takes --header");
  }
  for (const auto& header : command.headers) {
    const auto colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      return fail(Reason::usage, "a --header reads 'Name: value'");
    }
    const std::string_view text = header;
    if (auto done =
            put(draft.headers, Case::ignored, config::trim(text.substr(0, colon)),
                config::trim(text.substr(colon + 1)));
        !done) {
      return done;
    }
  }
  if (!command.bearer.empty()) {
    auto value = bearer_of(command.bearer);
    if (!value) return std::unexpected(std::move(value.error()));
    if (auto done = put(draft.headers, Case::ignored, "Authorization", *value); !done) return done;
  }
  config::mend_authorization(draft);
  return {};
}

Result<void> read_command(const AddCommand& command, ServerDraft& draft) {
  if (command.target.size() == 1 && lacks_scheme(command.target.front())) {
    return fail(
        Reason::usage, fmt::format(
                           "{0} is no program here; a URL begins with its scheme: https://{0}",
                           command.target.front()
                       )
    );
  }
  if (!command.headers.empty() || !command.bearer.empty() || !command.transport.empty()) {
    return fail(
        Reason::usage,
        "a URL takes --header, --transport and --bearer; a command takes --env and --cwd"
    );
  }
  draft.command = command.target.front();
  if (draft.command.find('/') != std::string::npos) draft.command = from_here(draft.command);
  draft.args.assign(command.target.begin() + 1, command.target.end());
  draft.cwd = from_here(command.cwd);
  for (const auto& variable : command.env) {
    const auto equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Reason::usage, "an --env reads NAME=VALUE");
    }
    const std::string_view text = variable;
    if (auto done = put(draft.env, Case::counts, text.substr(0, equals), text.substr(equals + 1));
        !done) {
      return done;
    }
  }
  return {};
}

Result<ServerDraft> draft_of(const AddCommand& command) {
  ServerDraft draft;
  draft.name = command.name;
  const bool url = command.target.front().find("://") != std::string::npos;
  if (url && command.target.size() > 1) {
    return fail(
        Reason::usage, fmt::format("{} is one word too many behind a URL", command.target[1])
    );
  }
  auto read = url ? read_url(command, draft) : read_command(command, draft);
  if (!read) return std::unexpected(std::move(read.error()));
  return draft;
}

/// Such a command works, but what breaks behind it Mooring cannot see.
void mention_bridge(ServerDraft draft) {
  std::vector<std::string> ignored;
  if (!config::unwrap_bridge(draft, ignored)) return;
  warn(fmt::format(
      "this command only leads to {0}; mooring add --replace {1} {0} connects, signs in and heals "
      "without it",
      draft.url, draft.name
  ));
}

}  // namespace

int add(const AddCommand& command) {
  auto draft = draft_of(command);
  if (!draft) return complain(draft.error());
  const auto path = config_to_edit(command);
  if (!path) return complain(path.error());
  Surroundings around(command);
  auto editor = ConfigEditor::open(*path);
  if (!editor) return complain(editor.error());
  using config::Taken;
  const auto taken = command.replace ? Taken::replace : Taken::refuse;
  auto done = editor->add(*draft, taken);
  if (done) done = editor->save();
  if (!done) return complain(done.error());
  print(fmt::format("added {} to {}\n", command.name, editor->path().string()));
  report_files(*editor);
  if (const auto entry = config::preview(*draft, environment); entry.error) {
    warn(entry.error->detail);
  }
  mention_bridge(std::move(*draft));
  tell_gateway(around, command, *editor, {command.name}, true);
  return success;
}

}  // namespace mooring::cli
