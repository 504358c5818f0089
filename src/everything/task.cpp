#include "everything/task.hpp"

#include <fmt/format.h>

#include "core/rfc3339.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::everything {
namespace {

constexpr int poll_interval_ms = 200;

std::string_view to_string(TaskStatus status) {
  switch (status) {
    case TaskStatus::working:
      return "working";
    case TaskStatus::input_required:
      return "input_required";
    case TaskStatus::completed:
      return "completed";
    case TaskStatus::failed:
      return "failed";
    case TaskStatus::cancelled:
      return "cancelled";
  }
  return "failed";
}

}  // namespace

std::string Task::brief() const {
  auto json = fmt::format(
      R"({{"taskId":{},"status":"{}","createdAt":"{}","lastUpdatedAt":"{}","ttlMs":{},"pollIntervalMs":{}}})",
      protocol::quote(id), to_string(status), core::rfc3339_millis(created),
      core::rfc3339_millis(updated), ttl.count(), poll_interval_ms
  );
  if (status != TaskStatus::failed) return json;
  const auto why = protocol::string_member(outcome, "message");
  return protocol::with_member(json, "statusMessage", protocol::quote(why));
}

std::string Task::detailed() const {
  if (status == TaskStatus::completed) return protocol::with_member(brief(), "result", outcome);
  if (status == TaskStatus::failed) return protocol::with_member(brief(), "error", outcome);
  if (status != TaskStatus::input_required) return brief();
  std::string asked = "{}";
  for (const auto& [key, question] : questions) asked = protocol::with_member(asked, key, question);
  return protocol::with_member(brief(), "inputRequests", asked);
}

}  // namespace mooring::everything
