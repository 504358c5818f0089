#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/shown_tools.hpp"

namespace mooring::gateway {

/// A tool or prompt on its way into the aggregate. The views belong to whoever made it.
struct Named {
  std::string_view server;
  std::string_view key;     ///< its own name
  std::string public_name;  ///< empty: none could be found, it is not shown
  bool exact = false;       ///< server and key are spelled in it as they are
};

/// What one server's tools or prompts would be called if it were alone; of each as many as there
/// are items, in their order.
std::vector<Named> wanted_names(std::string_view server, const Items& items);
/// Where two come to the same name ("a.b" and "a_b"), the one that had to be altered gets its
/// hashed form, else the later; so no name depends on who else is there unless two really meet.
/// True: something was altered, and `warnings` say what.
bool settle_names(std::vector<Named>& all, std::vector<std::string>& warnings);

}  // namespace mooring::gateway
