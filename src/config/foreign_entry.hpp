#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "config/server_draft.hpp"

namespace mooring::config {

/// A server as another client has it, in our words.
struct ForeignServer {
  ServerDraft draft;
  std::vector<std::string> notes;  ///< what was left out or changed, and what is to be done
  std::string obstacle;            ///< why it cannot be taken over; empty: it can
};

/// What an entry may refer to.
struct ForeignContext {
  std::string client;   ///< "cursor"; empty: not known
  std::string project;  ///< the directory that a project's own file belongs to; empty: none
  std::string home;
  std::map<std::string, std::string> inputs;  ///< of VS Code: id to description
};

/// Never fails: unknown keys become notes, and what has no meaning here an obstacle.
ForeignServer read_foreign_entry(const Member& entry, const ForeignContext& context);

}  // namespace mooring::config
