#include "cli/test_server.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <mooring/client.hpp>

#include "cli/checks.hpp"
#include "cli/console.hpp"
#include "cli/interrupts.hpp"
#include "cli/progress_line.hpp"
#include "cli/reach.hpp"
#include "cli/surroundings.hpp"
#include "cli/text.hpp"
#include "core/file.hpp"
#include "core/redact.hpp"
#include "core/url.hpp"
#include "protocol/json_scan.hpp"
#include "transport/stderr_log.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

/// A state directory for this test alone: its child must not write into the log of the gateway's.
class OwnState {
 public:
  OwnState() {
    auto pattern = (fs::temp_directory_path() / "mooring-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  OwnState(const OwnState&) = delete;
  OwnState& operator=(const OwnState&) = delete;
  ~OwnState() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// What the child had to say, for a test that failed: the last lines, without the header of the
/// process.
std::string last_words(const fs::path& state_dir, const std::string& server) {
  const auto text =
      core::read_file(transport::StderrLog::path_of(state_dir, server), std::size_t{2} << 20);
  if (!text) return {};
  const auto body = std::min(text->find('\n'), text->size() - 1) + 1;
  std::string_view rest = std::string_view(*text).substr(body);
  constexpr std::size_t enough = 600;
  if (rest.size() > enough) rest.remove_prefix(rest.size() - enough);
  return one_line(rest);
}

/// Names of headers and variables; their values are nobody's business.
void show_settings(Checks& checks, const UpstreamConfig& config) {
  std::vector<std::string> headers;
  for (const auto& [name, value] : config.headers)
    headers.push_back(fmt::format("{}: {}", name, core::redacted));
  if (!headers.empty()) checks.ok("headers", fmt::format("{}", fmt::join(headers, ", ")));
  std::vector<std::string> variables;
  for (const auto& [name, value] : config.env) variables.push_back(name);
  if (!variables.empty())
    checks.ok("environment", fmt::format("sets {}", fmt::join(variables, ", ")));
}

Check reachable(const UpstreamConfig& config) {
  auto check = config.url.empty() ? check_command(config) : check_address(config);
  check.subject = config.url.empty() ? "command" : "resolve";
  return check;
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string described(std::string_view server_info) {
  const auto name = protocol::string_member(server_info, "name");
  return fmt::format("{} {}", name, protocol::string_member(server_info, "version"));
}

void list_everything(Checks& checks, Client& client) {
  const auto tools = client.tools();
  if (!tools) return checks.failed("tools", tools.error().detail);
  const auto resources = client.resources();
  if (!resources) return checks.failed("resources", resources.error().detail);
  const auto prompts = client.prompts();
  if (!prompts) return checks.failed("prompts", prompts.error().detail);
  checks.ok(
      "lists", fmt::format(
                   "{}, {}, {}", plural(tools->size(), "tool"),
                   plural(resources->size(), "resource"), plural(prompts->size(), "prompt")
               )
  );
}

void connect_and_list(Checks& checks, const Destination& to, const fs::path& sign_ins) {
  const auto& config = to.config;
  const OwnState state;
  ClientOptions options;
  options.guard = "/proc/self/exe";
  options.state_dir = state.path().string();
  options.sign_in_dir = sign_ins.string();
  options.login_target = to.login_target;
  const auto begun = std::chrono::steady_clock::now();
  std::optional<Result<Client>> client;
  {
    const ProgressLine line("connecting to " + config.name);
    client = Client::connect(config, std::move(options));
  }
  if (!*client) {
    auto why = client->error().detail;
    if (why.starts_with(config.name + ": ")) why.erase(0, config.name.size() + 2);
    const auto words = last_words(state.path(), config.name);
    if (!words.empty()) why += "; its stderr: " + words;
    return checks.failed("handshake", why);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  checks.ok("handshake", fmt::format("{:.2f} s", took.count()));
  checks.ok("protocol", (*client)->protocol_version());
  checks.ok("server", described((*client)->server_info()));
  list_everything(checks, **client);
}

}  // namespace

int test_server(const ServerOptions& options) {
  const Interrupts interrupts;
  const Surroundings around(options);
  auto to = around.find_direct(options);
  if (!to) return complain(to.error());
  Checks checks(options.json);
  const auto& config = to->config;
  checks.ok(
      "target", config.url.empty()
                    ? fmt::format("{} {}", config.command, fmt::join(config.args, " "))
                    : config.url.substr(0, config.url.find('?'))
  );
  show_settings(checks, config);
  checks.add(reachable(config));
  if (!checks.any_failed()) connect_and_list(checks, *to, around.state_dir());
  checks.finish();
  return checks.any_failed() ? failed : success;
}

}  // namespace mooring::cli
