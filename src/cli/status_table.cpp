#include "cli/status_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/text.hpp"
#include "core/rfc3339.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

namespace {

using protocol::member;
using protocol::string_member;

constexpr std::size_t least_for_the_last = 24;
constexpr std::size_t shortest_name = 12;  ///< that is cut

/// A number or any other raw value; "-" where it is missing.
std::string raw(std::string_view object, std::string_view key) {
  const auto value = member(object, key);
  if (!value || protocol::is_null(*value)) return "-";
  return protocol::is_string(*value) ? one_line(protocol::unescape(*value)) : std::string(*value);
}

std::string since(const std::string& time, Moment now) {
  if (time.empty()) return "-";
  const auto then = core::parse_rfc3339(time);
  return then ? ago(*then, now) : one_line(time);
}

std::chrono::milliseconds milliseconds(std::string_view value) {
  long long number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return std::chrono::milliseconds(number);
}

/// Whole seconds: a table that is looked at has no use for less.
std::string next_probe(std::string_view server) {
  const auto wait = member(server, "next_probe_in_ms");
  if (!wait) return "-";
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(milliseconds(*wait)).count();
  return whole <= 0 ? "in 0 s" : "in " + span(std::chrono::seconds(whole));
}

/// "https://as.example.com (a b), until 2026-…Z (in 5 min), then refreshed"
std::string signed_in(std::string_view login, Moment now) {
  std::string scopes;
  protocol::for_each_element(member(login, "scopes").value_or("[]"), [&](std::string_view scope) {
    scopes += (scopes.empty() ? "" : " ") + one_line(protocol::unescape(scope));
    return true;
  });
  auto text = one_line(string_member(login, "issuer"));
  if (!scopes.empty()) text += fmt::format(" ({})", scopes);
  const auto until = string_member(login, "expires_at");
  const auto end = core::parse_rfc3339(until);
  if (!end) return text;
  const bool refreshed = protocol::is_true(member(login, "refreshable").value_or("false"));
  if (*end <= now) return text + (refreshed ? ", to be refreshed" : ", expired");
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(*end - now);
  return fmt::format(
      "{}, until {} (in {}){}", text, until, span(left), refreshed ? ", then refreshed" : ""
  );
}

std::size_t widest(const Rows& rows, std::size_t column) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, display_width(row.at(column)));
  return width;
}

bool has_room(const Rows& rows, std::size_t width) {
  const auto columns = rows.front().size();
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < columns; ++i) used += widest(rows, i) + 2;
  return used + std::min(least_for_the_last, widest(rows, columns - 1)) <= width;
}

}  // namespace

Rows without_column(Rows rows, std::string_view heading) {
  const auto found = std::ranges::find(rows.front(), heading);
  if (found == rows.front().end()) return rows;
  const auto at = found - rows.front().begin();
  for (auto& row : rows) row.erase(row.begin() + at);
  return rows;
}

std::string fitted_table(Rows rows, const std::vector<std::string>& expendable, std::size_t width) {
  for (const auto& heading : expendable) {
    if (width == 0 || has_room(rows, width)) break;
    rows = without_column(std::move(rows), heading);
  }
  return table(rows, width);
}

std::string server_table(const std::vector<ServerStatus>& servers, std::size_t width, Moment now) {
  Rows rows = {
      {"SERVER", "STATE", "TOOLS", "GENERATION", "RECOVERIES", "SAVED", "LOST", "UNKNOWN",
       "ATTEMPTS", "NEXT PROBE", "LAST SUCCESS", "REASON"}
  };
  for (const auto& server : servers) {
    const auto name = one_line(server.name);
    rows.push_back(
        {width == 0 ? name : cut(name, std::max(width / 5, shortest_name)), one_line(server.state),
         raw(server.json, "tools"), raw(server.json, "generation"), raw(server.json, "recoveries"),
         raw(server.json, "calls_saved"), raw(server.json, "calls_failed"),
         raw(server.json, "calls_unknown"), raw(server.json, "attempts"), next_probe(server.json),
         since(string_member(server.json, "last_success_at"), now), one_line(server.reason)}
    );
  }
  return fitted_table(
      std::move(rows), {"GENERATION", "ATTEMPTS", "LAST SUCCESS", "TOOLS", "NEXT PROBE", "UNKNOWN"},
      width
  );
}

std::string server_details(std::string_view server, Moment now) {
  constexpr std::string_view in_ms = "_in_ms";
  Rows rows;
  protocol::for_each_member(server, [&](std::string_view key, std::string_view value) {
    auto name = protocol::unescape(key);
    if (name == "episodes") return true;
    if (name == "login") {
      rows.push_back({"signed_in", signed_in(value, now)});
      return true;
    }
    auto shown = protocol::is_string(value) ? one_line(protocol::unescape(value)) : one_line(value);
    if (name.ends_with(in_ms)) {
      name.resize(name.size() - in_ms.size());
      shown = "in " + span(milliseconds(value));
    } else if (name.ends_with("_ms")) {
      name.resize(name.size() - 3);
      shown = span(milliseconds(value));
    } else if (name == "last_success_at" || name == "ready_since") {
      shown += fmt::format(" ({})", since(protocol::unescape(value), now));
    }
    rows.push_back({std::move(name), shown.empty() ? "-" : std::move(shown)});
    return true;
  });
  return table(rows, 0);
}

}  // namespace mooring::cli
