#include "cli/import.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "cli/after_change.hpp"
#include "cli/config_editor.hpp"
#include "cli/console.hpp"
#include "cli/import_plan.hpp"
#include "cli/surroundings.hpp"
#include "config/env_file.hpp"
#include "config/foreign_clients.hpp"
#include "config/nearest.hpp"
#include "core/file.hpp"
#include "core/paths.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> ids() {
  std::vector<std::string> all;
  for (const auto& client : config::foreign_clients()) all.push_back(client.id);
  return all;
}

Result<void> known_client(const std::string& id) {
  if (config::find_foreign_client(id) != nullptr) return {};
  const auto near = config::nearest_key(id, ids());
  std::string all;
  for (const auto& each : ids()) all += (all.empty() ? "" : ", ") + each;
  return fail(
      Reason::usage, fmt::format(
                         "{} is neither a file nor a client{} (known: {})", id,
                         near ? fmt::format("; did you mean {}?", *near) : "", all
                     )
  );
}

/// Reads the files of other clients into a plan. One that cannot be read stops no other.
class Reader {
 public:
  Reader(const ImportCommand& command, ImportPlan& plan) : command_(command), plan_(plan) {}

  /// False: something that was named could not be read.
  bool read() {
    bool good = true;
    for (const auto& source : command_.sources) {
      if (source == "-") {
        good = take(stdin_text(), {command_.from, "stdin", ""}, true) && good;
      } else if (config::find_foreign_client(source) != nullptr) {
        good = read_client(source, true) && good;
      } else {
        good = read_file(config::named_file(source, command_.from), true) && good;
      }
    }
    if (command_.sources.empty() && !command_.from.empty()) return read_client(command_.from, true);
    if (command_.sources.empty()) {
      for (const auto& id : ids()) read_client(id, false);
    }
    return good;
  }

 private:
  static Result<std::string> stdin_text() {
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }

  bool read_client(const std::string& id, bool named) {
    const auto& client = *config::find_foreign_client(id);
    const auto files = config::files_of(client, fs::current_path(), environment);
    if (files.empty() && named) {
      warn(fmt::format(
          "no file of {} is here; where it is elsewhere: mooring import FILE --from {}",
          client.title, id
      ));
      return false;
    }
    bool good = true;
    for (const auto& file : files) good = read_file(file, false) && good;
    return good;
  }

  bool read_file(const config::ForeignFile& file, bool named) {
    return take(core::read_file(file.path, config::max_foreign_bytes), file, named);
  }

  bool take(Result<std::string> text, const config::ForeignFile& file, bool named) {
    auto servers = text ? config::read_foreign_servers(*text, file, core::home_dir().string())
                        : std::unexpected(std::move(text.error()));
    if (!servers) {
      warn(servers.error().detail + "; it is left out");
      return false;
    }
    if (servers->empty() && named) {
      warn(fmt::format("{} holds no MCP servers", file.path.string()));
      return false;
    }
    for (auto& server : *servers) {
      check_env_file(server);
      plan_.add(std::move(server), shown(file));
    }
    return true;
  }

  static void check_env_file(config::ForeignServer& server) {
    if (server.draft.env_file.empty()) return;
    if (const auto read = config::read_env_file(server.draft.env_file); !read) {
      server.notes.push_back(fmt::format("left out: envFile, {}", read.error()));
      server.draft.env_file.clear();
    }
  }

  static std::string shown(const config::ForeignFile& file) {
    const auto* client = config::find_foreign_client(file.client);
    if (client != nullptr && file.project.empty()) return client->title;
    auto path = file.path.string();
    const auto home = core::home_dir().string() + "/";
    if (path.starts_with(home)) path = "~/" + path.substr(home.size());
    return path;
  }

  const ImportCommand& command_;
  ImportPlan& plan_;
};

std::string counted(std::size_t servers) {
  return servers == 1 ? "1 server" : fmt::format("{} servers", servers);
}

bool confirmed(const ImportCommand& command, std::size_t count, const fs::path& path) {
  if (command.yes) return true;
  print(fmt::format("\nwrite {} to {}? [y/N] ", counted(count), path.string()));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int write(
    const ImportCommand& command, const ImportPlan& plan, const fs::path& path, Surroundings& around
) {
  auto editor = ConfigEditor::open(path);
  if (!editor) return complain(editor.error());
  std::vector<std::string> written;
  for (const auto& planned : plan.servers()) {
    if (!planned.is_written()) continue;
    const auto& draft = planned.server.draft;
    const auto taken = planned.verdict == PlannedServer::Verdict::replace ? config::Taken::replace
                                                                          : config::Taken::refuse;
    if (const auto done = editor->add(draft, taken); !done) {
      warn(fmt::format("{} is left out: {}", draft.name, done.error().detail));
    } else {
      written.push_back(draft.name);
    }
  }
  if (written.empty()) return failed;
  if (const auto done = editor->save(); !done) return complain(done.error());
  print(fmt::format("\nimported {} into {}\n", counted(written.size()), path.string()));
  report_files(*editor);
  tell_gateway(around, command, *editor, written, true);
  return written.size() == plan.count() ? success : failed;
}

/// What is configured now, for comparison; nothing yet is an empty configuration.
Result<config::Config> present_config(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return config::Config{};
  return config::load({path}, forgiving_environment());
}

}  // namespace

int import(const ImportCommand& command) {
  if (!command.from.empty()) {
    if (const auto known = known_client(command.from); !known) return complain(known.error());
  }
  for (const auto& source : command.sources) {
    std::error_code ignored;
    const bool file =
        source.find_first_of("/.") != std::string::npos || fs::exists(source, ignored);
    if (source == "-" || file) continue;
    if (const auto known = known_client(source); !known) return complain(known.error());
  }
  const auto path = config_to_edit(command);
  if (!path) return complain(path.error());
  const auto present = present_config(*path);
  if (!present) return complain(present.error());
  Surroundings around(command);
  std::vector<std::string> gateways = {"http://" + present->gateway.listen};
  if (around.gateway_file()) gateways.push_back(around.gateway_file()->url);
  ImportPlan plan(*present, command.replace, std::move(gateways));
  const int result = Reader(command, plan).read() ? success : failed;
  if (plan.servers().empty()) {
    if (result == success) print("no MCP servers of other clients were found\n");
    return result;
  }
  print(plan.table(terminal_width()));
  if (command.dry_run) return result;
  if (plan.count() == 0) {
    print("\nnothing to import\n");
    return result;
  }
  if (!command.yes && (::isatty(STDIN_FILENO) != 1 || !stdout_is_terminal())) {
    return complain(failed, "nothing was written; --yes imports what is listed as add");
  }
  if (!confirmed(command, plan.count(), *path)) {
    print("nothing was written\n");
    return result;
  }
  return std::max(result, write(command, plan, *path, around));
}

}  // namespace mooring::cli
