#include "load/options.hpp"

#include <fmt/format.h>

#include <charconv>

#include "protocol/json_scan.hpp"

namespace mooring::bench {

const std::string_view load_usage =
    R"(mooring-load URL [OPTION]…: calls one tool of an MCP server over and over, and measures.

Every connection shakes hands (initialize, notifications/initialized) and then calls in a closed
loop: the next call goes out when the answer to the last one was checked. URL is on loopback.

  -c, --connections N   keep-alive connections, each with its own session (32)
  -t, --seconds S       how long (5)
  -n, --requests N      stop after so many calls (no limit)
      --warmup S        call that long before counting (0)
      --method NAME     of each request; any but tools/call goes out without parameters (tools/call)
      --tool NAME       the tool (echo)
      --arguments JSON  its arguments ({"message":"hello"})
      --header 'K: V'   one more header; may be repeated
      --accept TYPES    the Accept header (application/json, text/event-stream)
      --sse             HTTP+SSE: URL is the event stream's, which says where to post
      --protocol V      the protocol revision to offer (2025-06-18)
      --timeout S       of one call (30)
      --watch PID       report CPU per call and memory of that process
      --json            one JSON object instead of text

Exit code: 0 when every answer was right, 1 when one was not, 2 for wrong usage.
)";

namespace {

std::unexpected<Error> misused(std::string detail) {
  return fail(Reason::usage, std::move(detail));
}

template <class Number>
Result<void> read_number(std::string_view name, std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return misused(fmt::format("{} takes a number, not {}", name, text));
}

Result<void> read_seconds(
    std::string_view name, std::string_view text, std::chrono::duration<double>& into
) {
  double seconds = 0;
  if (auto read = read_number(name, text, seconds); !read) return read;
  if (!(seconds >= 0 && seconds <= 86'400)) return misused(fmt::format("{} is 0 to 86400", name));
  into = std::chrono::duration<double>(seconds);
  return {};
}

Result<void> read_url(std::string_view url, LoadOptions& options) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return misused(fmt::format("{} is no http:// URL", url));
  url.remove_prefix(scheme.size());
  const auto slash = url.find('/');
  if (slash != std::string_view::npos) options.path = url.substr(slash);
  if (options.path.find_first_of(" \r\n") != std::string::npos) {
    return misused("the URL has a blank in it");
  }
  auto server = parse_loopback(url.substr(0, slash));
  if (!server) return std::unexpected(std::move(server.error()));
  options.server = std::move(*server);
  return {};
}

Result<void> read_option(std::string_view name, std::string_view value, LoadOptions& options) {
  if (value.find_first_of("\r\n") != std::string_view::npos) {
    return misused(fmt::format("{} has a line break in its value", name));
  }
  if (name == "-c" || name == "--connections") return read_number(name, value, options.connections);
  if (name == "-t" || name == "--seconds") return read_seconds(name, value, options.seconds);
  if (name == "-n" || name == "--requests") return read_number(name, value, options.requests);
  if (name == "--warmup") return read_seconds(name, value, options.warmup);
  if (name == "--timeout") return read_seconds(name, value, options.timeout);
  if (name == "--watch") return read_number(name, value, options.watched);
  if (name == "--method") {
    options.method = value;
  } else if (name == "--tool") {
    options.tool = value;
  } else if (name == "--arguments") {
    options.arguments = value;
  } else if (name == "--header") {
    options.headers.emplace_back(value);
  } else if (name == "--accept") {
    options.accept = value;
  } else if (name == "--protocol") {
    options.version = value;
  } else {
    return misused(fmt::format("there is no option {}", name));
  }
  return {};
}

Result<void> check(const LoadOptions& options) {
  if (options.connections < 1 || options.connections > 20'000) {
    return misused("--connections is 1 to 20000");
  }
  if (auto wrong = protocol::validate(options.arguments);
      wrong || !protocol::is_object(options.arguments)) {
    return misused("--arguments takes a JSON object");
  }
  return {};
}

}  // namespace

Result<LoadOptions> parse_load_options(std::span<char*> arguments) {
  LoadOptions options;
  bool has_url = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    Result<void> read;
    if (argument == "-h" || argument == "--help") {
      options.help = true;
      return options;
    }
    if (argument == "--json") {
      options.json = true;
    } else if (argument == "--sse") {
      options.sse = true;
    } else if (!argument.starts_with('-')) {
      if (has_url) return misused("more than one URL");
      read = read_url(argument, options);
      has_url = true;
    } else if (i + 1 == arguments.size()) {
      return misused(fmt::format("{} needs a value", argument));
    } else {
      read = read_option(argument, arguments[++i], options);
    }
    if (!read) return std::unexpected(std::move(read.error()));
  }
  if (!has_url) return misused("name a URL; --help tells the rest");
  if (auto checked = check(options); !checked) return std::unexpected(std::move(checked.error()));
  return options;
}

}  // namespace mooring::bench
