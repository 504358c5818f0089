// Tasks of modern servers for modern clients (extension io.modelcontextprotocol/tasks, SEP-2663).
// Legacy clients see a call that takes its time (upstream/call_rounds.hpp).
#include <fmt/format.h>

#include "gateway/router.hpp"
#include "gateway/task_name.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

using protocol::Frame;

namespace {

bool offers_tasks(const upstream::ServerIdentity& server) {
  const auto extensions = protocol::member(server.capabilities, "extensions");
  return server.modern() && extensions && protocol::is_object(*extensions) &&
         protocol::member(*extensions, protocol::tasks_extension).has_value();
}

std::string unknown_task(const Frame& request) {
  return protocol::make_error(request.id(), protocol::invalid_params, "Unknown task");
}

}  // namespace

/// Where a `tasks/…` request goes, under the server's own name of the task.
Router::Target Router::task_target(const ClientSession& session, const Frame& request) {
  Target target;
  const bool offered = std::ranges::any_of(links_of(session), [](const auto& to) {
    return offers_tasks(to->snapshot().server);
  });
  if (protocol::name_param(request.method()) != "taskId" || !offered) {
    target.error = protocol::make_error(
        request.id(), protocol::method_not_found,
        fmt::format("Method not found: {}", request.method())
    );
  } else if (!takes_tasks(session)) {
    target.error = protocol::make_error_with(
        request.id(), protocol::missing_client_capability, "Missing required client capability",
        fmt::format(
            R"({{"requiredCapabilities":{{"extensions":{{"{}":{{}}}}}}}})",
            protocol::tasks_extension
        )
    );
  } else if (!TaskName::needed(session)) {
    target.link = link(session.endpoint);
  } else {
    const auto token = protocol::string_member(request.params(), "taskId");
    const auto task = TaskName::open(*shared_.sealer, token);
    const bool fits = task && task->principal == session.principal &&
                      (session.endpoint.empty() || session.endpoint == task->server);
    if (fits) target.link = link(task->server);
    if (!target.link) {
      target.error = unknown_task(request);
      return target;
    }
    const auto params =
        protocol::with_member(request.params(), "taskId", protocol::quote(task->id));
    target.frame = Frame::parse(request.spliced({{request.params_span(), params}})).value();
  }
  return target;
}

/// The response with the name by which this client knows the task in it.
std::string Router::with_task_name(
    const ClientSession& session, const Frame& request, const upstream::Link& to,
    std::string response
) const {
  const auto result = protocol::member(response, "result");
  if (!TaskName::needed(session) || !result || !protocol::is_object(*result)) return response;
  const auto id = protocol::member(*result, "taskId");
  if (!id || !protocol::is_string(*id)) return response;
  // Every sealing gives another text: what the client asked for is called as it called it.
  auto name = protocol::string_member(request.params(), "taskId");
  if (!request.method().starts_with("tasks/"))
    name = TaskName{to.name(), protocol::unescape(*id), session.principal}.seal(*shared_.sealer);
  return protocol::with_member(
      response, "result", protocol::with_member(*result, "taskId", protocol::quote(name))
  );
}

}  // namespace mooring::gateway
