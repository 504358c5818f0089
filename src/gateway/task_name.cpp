#include "gateway/task_name.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

namespace {
constexpr std::string_view context = "mcp-task-1";
}

std::string TaskName::seal(const core::Sealer& sealer) const {
  return sealer.seal(
      fmt::format(
          R"({{"server":{},"id":{},"principal":{}}})", protocol::quote(server), protocol::quote(id),
          protocol::quote(principal)
      ),
      context
  );
}

std::optional<TaskName> TaskName::open(const core::Sealer& sealer, std::string_view token) {
  const auto plain = sealer.open(token, context);
  if (!plain) return std::nullopt;
  return TaskName{
      .server = protocol::string_member(*plain, "server"),
      .id = protocol::string_member(*plain, "id"),
      .principal = protocol::string_member(*plain, "principal")
  };
}

bool takes_tasks(const ClientSession& session) {
  const auto extensions = protocol::member(session.capabilities, "extensions");
  return extensions && protocol::is_object(*extensions) &&
         protocol::member(*extensions, protocol::tasks_extension).has_value();
}

}  // namespace mooring::gateway
