#include "chaos/fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "config/nearest.hpp"
#include "config/values.hpp"

namespace mooring::chaos {
namespace {

using Kind = FaultKind;
using std::chrono_literals::operator""s;

constexpr std::array rows{
    FaultRow{
        Kind::expire, "expire", Delivered::no, "dialect=NAME, streams=end|keep",
        "sessions are forgotten; their requests are answered as the dialect's servers do"
    },
    FaultRow{
        Kind::unauthorized, "401", Delivered::no, "challenge=yes|no",
        "401, with a WWW-Authenticate header or without"
    },
    FaultRow{
        Kind::rate_limited, "429", Delivered::no, "retry-after=TIME", "429 with Retry-After (1s)"
    },
    FaultRow{
        Kind::server_error, "5xx", Delivered::no, "status=500..599, retry-after=TIME",
        "a server error (503)"
    },
    FaultRow{
        Kind::reset_before, "reset-before", Delivered::no, "",
        "the connection is reset before anything reached the upstream"
    },
    FaultRow{
        Kind::reset_after, "reset-after", Delivered::yes, "",
        "the upstream does its work, its answer is thrown away and the connection reset"
    },
    FaultRow{
        Kind::cut, "cut", Delivered::yes, "events=N",
        "an event stream breaks in the middle of a message, after N whole ones (0)"
    },
    FaultRow{
        Kind::truncate, "truncate", Delivered::yes, "framing=broken|whole",
        "half of a JSON answer, as a broken body or as a whole one"
    },
    FaultRow{
        Kind::hang, "hang", Delivered::no, "for=TIME",
        "no answer until the client leaves, or a reset after TIME"
    },
    FaultRow{
        Kind::delay, "delay", Delivered::yes, "by=TIME",
        "the request waits (1s) before anything else happens to it"
    },
    FaultRow{
        Kind::restart, "restart", Delivered::no, "down=TIME, dialect=NAME",
        "all connections cut, all sessions gone, nobody listens for TIME (2s)"
    },
    FaultRow{
        Kind::garbage, "garbage", Delivered::yes, "",
        "200 and application/json, but the body is no JSON"
    },
    FaultRow{
        Kind::html, "html", Delivered::no, "status=200..599",
        "an HTML page, as proxies and sign-in portals send (200)"
    },
    FaultRow{
        Kind::wrong_id, "wrong-id", Delivered::yes, "",
        "the response carries the id of a request that was never made"
    },
    FaultRow{
        Kind::error_session, "error-session", Delivered::no, "status=400..599",
        "an error (400) that names a session which does not exist"
    },
    FaultRow{
        Kind::stale, "stale", Delivered::no, "",
        "a kept-alive connection turns out closed when its next request arrives"
    },
};

struct KeyRow {
  std::string_view key;
  std::string_view what;
};

constexpr std::array when_rows{
    KeyRow{"p=0.05", "with this probability at each request that fits"},
    KeyRow{"every=10", "at each tenth request that fits"},
    KeyRow{"every=20s", "each time 20 seconds have passed (ms, s, m, h)"},
    KeyRow{"once", "the first time only"},
    KeyRow{"method=A+B", "only requests of these JSON-RPC or HTTP methods fit (tools/call, GET)"},
};

std::unexpected<Error> wrong(std::string detail) { return fail(Reason::usage, std::move(detail)); }

std::string hint(std::string_view written, const std::vector<std::string>& known) {
  const auto nearest = config::nearest_key(written, known);
  return nearest ? fmt::format("; did you mean {}?", *nearest) : std::string();
}

std::vector<std::string> own_keys(const FaultRow& row) {
  std::vector<std::string> keys;
  std::string_view rest = row.options;
  while (!rest.empty()) {
    keys.emplace_back(rest.substr(0, rest.find('=')));
    const auto comma = rest.find(", ");
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
  }
  return keys;
}

/// One option on its way into the fault: empty, or what its value must be.
using Taken = std::string;

Taken take_time(std::string_view value, const std::function<void(core::Duration)>& put) {
  const auto time = config::parse_duration(value);
  if (!time || time->count() == 0) return "a time above zero, such as 500ms or 20s";
  put(*time);
  return {};
}

Taken take_choice(std::string_view value, std::string_view yes, std::string_view no, bool& out) {
  if (value != yes && value != no) return fmt::format("{} or {}", yes, no);
  out = value == yes;
  return {};
}

Taken take_every(std::string_view value, Fault& fault) {
  if (!std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
    return take_time(value, [&](core::Duration time) { fault.every = time; });
  }
  const auto count = config::parse_count(value, 1, 1'000'000'000);
  if (!count) return "a number of requests (10) or a time with its unit (20s)";
  fault.every_requests = static_cast<std::uint64_t>(*count);
  return {};
}

Taken take_probability(std::string_view value, Fault& fault) {
  double p = 0;
  const auto* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, p);
  if (read.ec != std::errc{} || read.ptr != end || !(p > 0 && p <= 1)) {
    return "a probability above 0 and up to 1";
  }
  fault.probability = p;
  return {};
}

Taken take_methods(std::string_view value, Fault& fault) {
  for (;;) {
    const auto plus = value.find('+');
    if (value.substr(0, plus).empty()) return "one or more methods, joined by +";
    fault.methods.emplace_back(value.substr(0, plus));
    if (plus == std::string_view::npos) return {};
    value.remove_prefix(plus + 1);
  }
}

Taken take_status(std::string_view value, Fault& fault) {
  const long long lowest = fault.kind == Kind::server_error    ? 500
                           : fault.kind == Kind::error_session ? 400
                                                               : 200;
  const auto status = config::parse_count(value, lowest, 599);
  if (!status || *status == 204 || *status == 304) {
    return fmt::format("a status with a body between {} and 599", lowest);
  }
  fault.status = static_cast<int>(*status);
  return {};
}

Taken take_dialect(std::string_view value, Fault& fault) {
  fault.dialect = find_expiry_dialect(value);
  if (fault.dialect != nullptr) return {};
  std::vector<std::string> names;
  for (const auto& dialect : expiry_dialects()) names.emplace_back(dialect.name);
  return "one of the dialects that `mooring chaos --list` prints" + hint(value, names);
}

Taken take_events(std::string_view value, Fault& fault) {
  const auto count = config::parse_count(value, 0, 1'000'000'000);
  if (!count) return "a number of messages";
  fault.events = static_cast<std::uint64_t>(*count);
  return {};
}

Taken take(std::string_view key, std::string_view value, Fault& fault) {
  const auto time = [&](std::optional<core::Duration>& out) {
    return take_time(value, [&](core::Duration given) { out = given; });
  };
  if (key == "p") return take_probability(value, fault);
  if (key == "every") return take_every(value, fault);
  if (key == "method") return take_methods(value, fault);
  if (key == "dialect") return take_dialect(value, fault);
  if (key == "streams") return take_choice(value, "end", "keep", fault.end_streams);
  if (key == "challenge") return take_choice(value, "yes", "no", fault.challenge);
  if (key == "framing") return take_choice(value, "whole", "broken", fault.whole_framing);
  if (key == "status") return take_status(value, fault);
  if (key == "events") return take_events(value, fault);
  if (key == "retry-after") return time(fault.retry_after);
  return time(fault.time);  // by, for, down
}

Fault with_defaults(const FaultRow& row, std::string_view text) {
  Fault fault;
  fault.kind = row.kind;
  fault.text = text;
  fault.dialect = find_expiry_dialect("ts-404");
  if (row.kind == Kind::server_error) fault.status = 503;
  if (row.kind == Kind::html) fault.status = 200;
  if (row.kind == Kind::error_session) fault.status = 400;
  if (row.kind == Kind::rate_limited) fault.retry_after = 1s;
  if (row.kind == Kind::delay) fault.time = 1s;
  if (row.kind == Kind::restart) fault.time = 2s;
  return fault;
}

Result<void> take_option(
    std::string_view option, const FaultRow& row, std::vector<std::string>& seen, Fault& fault
) {
  const auto equals = option.find('=');
  const std::string key(option.substr(0, equals));
  std::vector<std::string> known = {"p", "every", "once", "method"};
  for (auto& own : own_keys(row)) known.push_back(std::move(own));
  if (std::ranges::find(known, key) == known.end()) {
    return wrong(fmt::format("{} has no option \"{}\"{}", row.name, key, hint(key, known)));
  }
  if (std::ranges::find(seen, key) != seen.end()) {
    return wrong(fmt::format("{}: {} is given twice", row.name, key));
  }
  seen.push_back(key);
  if (key == "once") {
    if (equals != std::string_view::npos)
      return wrong(fmt::format("{}: once takes no value", row.name));
    fault.once = true;
    return {};
  }
  const auto value =
      equals == std::string_view::npos ? std::string_view() : option.substr(equals + 1);
  if (const auto wanted = take(key, value, fault); !wanted.empty()) {
    return wrong(fmt::format("{}: {} is {}, not \"{}\"", row.name, key, wanted, value));
  }
  return {};
}

}  // namespace

std::span<const FaultRow> fault_rows() { return rows; }

const FaultRow& row_of(FaultKind kind) { return *std::ranges::find(rows, kind, &FaultRow::kind); }

std::string_view name_of(FaultKind kind) { return row_of(kind).name; }

Result<Fault> parse_fault(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto row = std::ranges::find(rows, name, &FaultRow::name);
  if (row == rows.end()) {
    std::vector<std::string> names;
    for (const auto& each : rows) names.emplace_back(each.name);
    return wrong(fmt::format(
        "unknown fault \"{}\"{}", name,
        config::nearest_key(name, names) ? hint(name, names)
                                         : "; `mooring chaos --list` prints them"
    ));
  }
  auto fault = with_defaults(*row, text);
  std::vector<std::string> seen;
  std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (colon != std::string_view::npos && rest.empty()) {
    return wrong(fmt::format("{}: an option is missing behind the colon", name));
  }
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    if (const auto taken = take_option(rest.substr(0, comma), *row, seen, fault); !taken) {
      return std::unexpected(taken.error());
    }
    if (comma + 1 == rest.size())
      return wrong(fmt::format("{}: an option is missing behind the last comma", name));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  if (fault.probability && (fault.every_requests > 0 || fault.every.count() > 0)) {
    return wrong(fmt::format("{}: p and every exclude each other", name));
  }
  if (fault.strikes_by_clock() && !fault.methods.empty()) {
    return wrong(fmt::format("{}: by the clock it hits no request, so method says nothing", name));
  }
  return fault;
}

std::string describe_faults() {
  std::string out = "Faults, --fault NAME[:KEY=VALUE,...]\n";
  for (const auto& row : rows) {
    fmt::format_to(std::back_inserter(out), "  {:<14}{}", row.name, row.what);
    if (!row.options.empty()) fmt::format_to(std::back_inserter(out), "; {}", row.options);
    out += '\n';
  }
  out += "When, for every fault; without any of these, at each request that fits\n";
  for (const auto& row : when_rows) {
    fmt::format_to(std::back_inserter(out), "  {:<14}{}\n", row.key, row.what);
  }
  out += "Dialects of a lost session, dialect=NAME\n";
  for (const auto& dialect : expiry_dialects()) {
    fmt::format_to(std::back_inserter(out), "  {:<28}{}\n", dialect.name, dialect.source);
  }
  return out;
}

}  // namespace mooring::chaos
