#include "config/header_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/document.hpp"
#include "config/env_file.hpp"
#include "config/reading.hpp"
#include "config/values.hpp"

namespace mooring::config {
namespace {

bool is_header_name(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

/// Headers that Mooring writes itself; a configured one would break the protocol or the framing.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 14> names = {"accept",         "content-type",
                                                      "content-length", "transfer-encoding",
                                                      "connection",     "host",
                                                      "upgrade",        "te",
                                                      "mcp-session-id", "mcp-protocol-version",
                                                      "last-event-id",  "expect",
                                                      "mcp-method",     "mcp-name"};
  const auto wanted = lower(name);
  return wanted.starts_with("mcp-param-") || std::ranges::find(names, wanted) != names.end();
}

}  // namespace

std::expected<HeaderUse, BadHeader> add_header(
    Headers& headers, std::string_view name, std::string_view value
) {
  if (!is_header_name(name)) {
    return std::unexpected(BadHeader{fmt::format("{} is no header name", shown(std::string(name)))}
    );
  }
  value = trim(value);
  const bool printable = std::ranges::all_of(value, [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  });
  if (!printable) {
    return std::unexpected(BadHeader{
        fmt::format("the value of {} holds a line break or control character", name), true
    });
  }
  if (is_ours(name)) return HeaderUse::ours;
  const bool taken = std::ranges::any_of(headers, [&](const auto& header) {
    return lower(header.first) == lower(name);
  });
  if (taken) return std::unexpected(BadHeader{fmt::format("{} is given twice", name)});
  if (looks_secret(name)) hide(value);
  headers.emplace_back(name, value);
  return HeaderUse::added;
}

Result<Headers> resolve_headers(const UpstreamConfig& config, const Env& env) {
  if (config.header_templates.empty()) return config.headers;
  Env variables = env;
  if (!config.env_file.empty()) {
    auto first = read_env_file(config.env_file);
    if (!first) return fail(Reason::config, "envFile: " + first.error());
    variables = layered(std::move(*first), env);
  }
  Headers out;
  for (const auto& [name, text] : config.header_templates) {
    const Expansion expansion = expand(text, variables);
    if (const auto problem = expansion.problem()) {
      return fail(Reason::config, fmt::format("headers.{}: {}", name, *problem));
    }
    hide_used(expansion, true);
    if (const auto added = add_header(out, name, expansion.text); !added) {
      return fail(Reason::config, fmt::format("headers: {}", added.error().text));
    }
  }
  return out;
}

}  // namespace mooring::config
