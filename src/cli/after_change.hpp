#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config_editor.hpp"
#include "cli/options.hpp"
#include "cli/surroundings.hpp"

namespace mooring::cli {

/// What `add`, `remove` and `import` say once the file is written: where credentials are, and what
/// the running gateway makes of it, which is told to read its configuration again.
void report_files(const ConfigEditor& editor);
/// `servers`: those that were changed; `there`: whether the gateway should know them now.
void tell_gateway(
    Surroundings& around, const CommonOptions& options, const ConfigEditor& editor,
    const std::vector<std::string>& servers, bool there
);

}  // namespace mooring::cli
