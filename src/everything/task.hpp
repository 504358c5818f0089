#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/timers.hpp"
#include "everything/session.hpp"
#include "everything/toolbox.hpp"
#include "protocol/frame.hpp"

namespace mooring::everything {

enum class TaskStatus : std::uint8_t { working, input_required, completed, failed, cancelled };

/// A call that was answered with a task, and goes on (SEP-2663 "Tasks").
struct Task {
  std::string id;  ///< who knows it may use the task
  core::Duration ttl{0};
  std::chrono::system_clock::time_point created, updated;
  TaskStatus status = TaskStatus::working;
  SessionPtr session;    ///< the task's own: who asked, and the call that runs
  protocol::Frame call;  ///< as it came
  ToolHandler run = nullptr;
  std::map<std::string, std::string> answers;    ///< raw result objects, by key
  std::map<std::string, std::string> questions;  ///< raw requests without answer, by key
  std::string outcome;                           ///< raw: the result, or the error of a failed one
  core::Timers::Id expiry = 0;

  bool over() const {
    return status != TaskStatus::working && status != TaskStatus::input_required;
  }
  /// Raw: the task as the answer to its call shows it.
  std::string brief() const;
  /// Raw: the same with what is asked or has come of it, as tasks/get shows it.
  std::string detailed() const;
};
using TaskPtr = std::shared_ptr<Task>;

}  // namespace mooring::everything
