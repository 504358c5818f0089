#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/seal.hpp"
#include "gateway/front.hpp"

namespace mooring::gateway {

/// The `taskId` under which a client knows a task of a server (tasks extension, SEP-2663): whose
/// task it is on which server, sealed. Where a client talks to one server alone and nobody has to
/// say who they are, the server's own id serves. A value.
struct TaskName {
  std::string server;
  std::string id;  ///< the server's own
  std::string principal;

  static bool needed(const ClientSession& session) {
    return session.endpoint.empty() || !session.principal.empty();
  }
  std::string seal(const core::Sealer& sealer) const;
  /// Nothing: not ours, or tampered with.
  static std::optional<TaskName> open(const core::Sealer& sealer, std::string_view token);
};

/// True where the client said that it can deal with tasks.
bool takes_tasks(const ClientSession& session);

}  // namespace mooring::gateway
