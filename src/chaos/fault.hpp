#pragma once

#include <chrono>
#include <cstdint>
#include <mooring/result.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/expiry_dialect.hpp"
#include "core/clock.hpp"

namespace mooring::chaos {

enum class FaultKind : std::uint8_t {
  expire,
  unauthorized,
  rate_limited,
  server_error,
  reset_before,
  reset_after,
  cut,
  truncate,
  hang,
  delay,
  restart,
  garbage,
  html,
  wrong_id,
  error_session,
  stale,
};

/// One `--fault NAME[:KEY=VALUE,…]`, read. A plain value; what a kind does not use keeps its
/// default.
struct Fault {
  FaultKind kind = FaultKind::expire;
  std::string text;  ///< as written

  // When. None of these: every request that fits.
  std::optional<double> probability;  ///< p
  std::uint64_t every_requests = 0;   ///< every=10
  core::Duration every{0};            ///< every=20s
  bool once = false;                  ///< and never again
  std::vector<std::string> methods;   ///< JSON-RPC methods or POST, GET, DELETE; empty: all

  // How.
  const ExpiryDialect* dialect = nullptr;     ///< expire, restart
  bool end_streams = true;                    ///< expire: the session's open streams end with it
  int status = 0;                             ///< server_error, html, error_session
  bool challenge = true;                      ///< unauthorized: with WWW-Authenticate
  std::optional<core::Duration> retry_after;  ///< rate_limited, server_error
  std::uint64_t events = 0;                   ///< cut: so many messages pass before
  bool whole_framing = false;                 ///< truncate: HTTP is in order, the JSON is not
  std::optional<core::Duration> time;         ///< hang: for; delay: by; restart: down

  /// It takes no request to strike: what it hits (sessions, the server) stands by itself.
  bool strikes_by_clock() const {
    return every.count() > 0 && (kind == FaultKind::expire || kind == FaultKind::restart);
  }
};

/// Whether the upstream gets a request that the fault hits.
enum class Delivered : std::uint8_t { no, yes };

struct FaultRow {
  FaultKind kind;
  std::string_view name;
  Delivered delivered;
  std::string_view options;  ///< "dialect=NAME, streams=end|keep"; empty: none of its own
  std::string_view what;     ///< one line
};

std::span<const FaultRow> fault_rows();
const FaultRow& row_of(FaultKind kind);
std::string_view name_of(FaultKind kind);

/// Reason::usage says what is wrong with it and, where a word is close, which one was meant.
Result<Fault> parse_fault(std::string_view text);

/// What `--list` prints: faults, the keys that say when, dialects; one line each.
std::string describe_faults();

}  // namespace mooring::chaos
