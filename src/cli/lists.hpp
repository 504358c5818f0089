#pragma once

#include "cli/options.hpp"
#include "upstream/catalogue.hpp"

namespace mooring::cli {

struct ListCommand : ServerOptions {
  upstream::ListKind kind = upstream::ListKind::tools;
};

/// `mooring tools|resources|prompts [SERVER]`. For people `resources` shows the templates too.
int list(const ListCommand& command);

}  // namespace mooring::cli
