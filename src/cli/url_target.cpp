#include "cli/url_target.hpp"

#include <fmt/format.h>

#include "cli/console.hpp"
#include "config/expand.hpp"
#include "config/header_values.hpp"
#include "config/reading.hpp"
#include "config/values.hpp"
#include "core/paths.hpp"
#include "core/url.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

Result<void> add_header(UpstreamConfig& to, std::string_view header) {
  const auto colon = header.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return fail(Reason::usage, "a --header reads 'Name: value'");
  }
  const auto name = header.substr(0, colon);
  const auto written = config::trim(header.substr(colon + 1));
  const auto value = config::expand(written, config::process_env());
  if (const auto problem = value.problem()) {
    return fail(Reason::usage, fmt::format("--header {}: {}", name, *problem));
  }
  // A header given by hand may well be a credential.
  config::hide(config::trim(value.text));
  const auto added = config::add_header(to.headers, name, value.text);
  if (!added) return fail(Reason::usage, "--header: " + added.error().text);
  if (*added == config::HeaderUse::ours)
    warn(fmt::format("--header {} is left out: Mooring writes it itself", name));
  to.header_templates.emplace_back(name, written);
  return {};
}

std::string for_a_shell(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:@%+=,";
  if (word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  std::string quoted;
  for (const char c : word) quoted += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
  return "'" + quoted + "'";
}

}  // namespace

Result<UpstreamConfig> url_target(const std::string& url, const std::vector<std::string>& headers) {
  const auto parsed = core::Url::parse(url);
  if (!parsed) return std::unexpected(parsed.error());
  UpstreamConfig to;
  to.name = parsed->authority();
  to.url = url;
  for (const auto& header : headers) {
    if (const auto added = add_header(to, header); !added) return std::unexpected(added.error());
  }
  return to;
}

std::string login_target(std::string_view url, const fs::path& state_dir) {
  // Sign-ins are kept by the URL without its query, where people put keys.
  auto words = for_a_shell(url.substr(0, url.find_first_of("?#")));
  std::error_code error;
  const auto whole = fs::absolute(state_dir, error);
  if (whole != core::state_dir()) words += " --state-dir " + for_a_shell(whole.string());
  return words;
}

}  // namespace mooring::cli
