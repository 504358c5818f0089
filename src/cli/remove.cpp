#include "cli/remove.hpp"

#include <fmt/format.h>

#include "cli/after_change.hpp"
#include "cli/config_editor.hpp"
#include "cli/console.hpp"
#include "cli/surroundings.hpp"

namespace mooring::cli {

int remove(const RemoveCommand& command) {
  const auto path = config_to_edit(command);
  if (!path) return complain(path.error());
  Surroundings around(command);
  auto editor = ConfigEditor::open(*path);
  if (!editor) return complain(editor.error());
  auto done = editor->remove(command.name);
  if (!done && done.error().reason == Reason::unknown_server) {
    return complain(around.unknown(command.name, editor->names()));
  }
  if (done) done = editor->save();
  if (!done) return complain(done.error());
  print(fmt::format("removed {} from {}\n", command.name, editor->path().string()));
  report_files(*editor);
  tell_gateway(around, command, *editor, {command.name}, false);
  return success;
}

}  // namespace mooring::cli
