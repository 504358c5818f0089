#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"

namespace mooring::everything {

/// Which protocol revisions are served: up to 2025-11-25, from 2026-07-28, or all.
enum class Era : std::uint8_t { legacy, modern, both };

/// What the test server is told on its command line, as far as MCP is concerned.
struct Options {
  Era era = Era::both;
  std::optional<core::Duration> session_ttl =
      std::nullopt;  ///< without a request for so long, a session is gone
  std::optional<core::Duration> drop_every =
      std::nullopt;                       ///< all sessions are forgotten each time
  std::string expiry_dialect = "ts-404";  ///< chaos/expiry_dialect.hpp
  std::size_t page_size = 0;              ///< of every list; 0: one page
  std::size_t extra_tools = 0;            ///< dummy tools beside the real ones
  std::string ledger = {};                ///< ledger.hpp; empty: none is kept
  std::size_t max_sessions = 10'000;      ///< more: the one that rested longest is forgotten
  core::Duration task_ttl = std::chrono::minutes(10);  ///< of a task, from its creation
  std::size_t max_tasks = 1'000;  ///< more are not begun: their calls are answered at the end
  bool strict_init =
      false;  ///< refuse requests before notifications/initialized, as the Python SDK does
  bool json_response = false;  ///< no SSE answers: requests to the client go to its GET stream
};

}  // namespace mooring::everything
