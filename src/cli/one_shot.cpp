#include "cli/one_shot.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/progress_line.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

namespace {

constexpr std::size_t longest_input = std::size_t{64} << 20;

Result<std::string> read_stdin() {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Reason::io, "cannot read the arguments from stdin");
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > longest_input) return fail(Reason::usage, "more than 64 MiB on stdin");
  }
}

}  // namespace

Result<Client> open_client(const Surroundings& around, const Destination& to) {
  ClientOptions options;
  options.guard = "/proc/self/exe";
  options.state_dir = around.state_dir().string();
  if (to.by != Destination::By::gateway) options.sign_in_dir = options.state_dir;
  options.login_target = to.login_target;
  const ProgressLine line("connecting to " + to.config.name);
  return Client::connect(to.config, std::move(options));
}

Result<std::string> read_arguments(const std::string& given) {
  auto text = given.empty() ? Result<std::string>("{}") : given;
  if (given == "-") text = read_stdin();
  if (!text) return text;
  if (const auto wrong = protocol::validate(*text)) {
    return fail(Reason::usage, fmt::format("the arguments are not valid JSON: {}", *wrong));
  }
  const auto first = text->find_first_not_of(" \t\r\n");
  if ((*text)[first] != '{') {
    return fail(Reason::usage, R"(the arguments must be a JSON object, as in '{"path":"/srv"}')");
  }
  return protocol::one_line(std::string_view(*text).substr(first));
}

Result<void> OneShot::connect() {
  auto to = around_.find(options_);
  if (!to) return std::unexpected(std::move(to.error()));
  to_ = std::move(*to);
  auto client = open_client(around_, to_);
  if (!client) return std::unexpected(std::move(client.error()));
  client_.emplace(std::move(*client));
  return {};
}

Result<std::string> OneShot::run(const std::string& what, const Work& work) {
  ProgressLine line(what);
  CallOptions call;
  // Always asked for: progress keeps a long call alive, terminal or not.
  call.progress = line.sink();
  call.stop = interrupts_.token();
  interrupts_.cancels(true);
  auto result = work(*client_, call);
  interrupts_.cancels(false);
  return result;
}

}  // namespace mooring::cli
