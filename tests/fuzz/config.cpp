#include "config/config.hpp"

#include <algorithm>
#include <string>

#include "config/command_guard.hpp"
#include "config/diff.hpp"
#include "config/document.hpp"
#include "config/env_file.hpp"
#include "config/values.hpp"
#include "fuzz/fuzz_target.hpp"

using namespace mooring::config;
using mooring::fuzz::require;

namespace {

bool fits_on_a_line(const std::string& message) {
  return !message.empty() &&
         std::ranges::none_of(message, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// Variables that exist are short, so that nothing but the text itself decides.
std::optional<std::string> variable(const std::string& name) {
  if (name.size() > 1 || name == "U") return std::nullopt;
  return name + "-value";
}

void check(const Config& config) {
  for (const ServerEntry& server : config.servers) {
    const auto& it = server.config;
    if (server.error) {
      require(fits_on_a_line(server.error->detail), "an error is one line");
      require(server.error->detail.starts_with("fuzz:"), "an error names its file");
      continue;
    }
    require(!bad_server_name(it.name), "a server that can start has a good name");
    if (!it.enabled) continue;
    require(it.url.empty() != it.command.empty(), "there is one way to reach it");
    require(!dangerous_command(it), "its command is not dangerous");
    require(it.timeout.count() > 0 && it.timeout_max >= it.timeout, "its times are in order");
    for (const auto& [name, value] : it.headers) {
      require(value.find_first_of("\r\n") == std::string::npos, "headers cannot be split");
    }
  }
  require(parse_listen(config.gateway.listen).has_value(), "the address can be listened on");
  require(diff(config, config).empty(), "a configuration does not differ from itself");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = mooring::fuzz::text_of(data, size);
  // Files named in the text would be read.
  const bool names_files = text.find("envFile") != std::string_view::npos ||
                           text.find("file") != std::string_view::npos ||
                           text.find('\\') != std::string_view::npos;
  if (!names_files) {
    const auto config = parse(text, "fuzz", variable);
    if (config) {
      check(*config);
    } else {
      require(fits_on_a_line(config.error().detail), "an error is one line");
      require(config.error().detail.starts_with("fuzz:"), "an error names its file");
    }
  } else if (const auto document = parse_document(text, "fuzz"); !document) {
    require(fits_on_a_line(document.error().detail), "an error is one line");
  }
  (void)parse_env_file(text);
  (void)split_words(text);
  mooring::UpstreamConfig command;
  command.command = "sh";
  command.args = {"-c", std::string(text)};
  (void)dangerous_command(command);
  return 0;
}
