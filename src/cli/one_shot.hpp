#pragma once

#include <functional>
#include <mooring/client.hpp>
#include <string>
#include <string_view>

#include "cli/interrupts.hpp"
#include "cli/options.hpp"
#include "cli/surroundings.hpp"

namespace mooring::cli {

/// A Client of this program's own, connected to `to`.
Result<Client> open_client(const Surroundings& around, const Destination& to);

/// Arguments given on the command line: a JSON object, `-` for the one on stdin, empty for none.
/// Reason::usage otherwise.
Result<std::string> read_arguments(const std::string& given);

/// Finds and connects to one server, shows progress on a terminal, and lets Ctrl-C cancel: what
/// `call`, `read` and `prompt` share.
class OneShot {
 public:
  using Work = std::function<Result<std::string>(Client&, const CallOptions&)>;

  explicit OneShot(const ServerOptions& options) : options_(options), around_(options) {}

  Result<void> connect();
  /// Runs `work` with what makes it interruptible; `what` is shown while it takes its time.
  Result<std::string> run(const std::string& what, const Work& work);
  /// Once connected.
  Client& client() { return *client_; }
  const Destination& destination() const { return to_; }

 private:
  const ServerOptions& options_;
  Interrupts interrupts_;  ///< before any thread
  Surroundings around_;
  Destination to_;
  std::optional<Client> client_;
};

}  // namespace mooring::cli
