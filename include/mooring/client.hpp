#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace mooring {

/// A tool, resource or prompt as its server lists it. `json` is the whole definition, untouched.
struct Item {
  std::string name;  ///< of a resource template: its name
  std::string uri;   ///< of a resource; of a resource template: the template
  std::string title;
  std::string description;
  std::string json;
};

/// What `tools/call` returned (specification, "Tools").
struct ToolResult {
  bool is_error = false;  ///< the tool ran and failed
  std::string text;       ///< its text blocks, joined by line breaks
  std::string json;       ///< the whole result object
};

/// How a client answers what a server asks of it. Called on the client's own thread, one at a time;
/// JSON in, JSON out. A handler that is not set means that the capability is not declared. A
/// handler must not call its own client; an exception that leaves it becomes an error for the
/// server.
struct ClientHandlers {
  /// elicitation/create: params in, result object out ({"action":"accept","content":{…}}).
  std::function<std::string(std::string_view params)> elicitation;
  /// sampling/createMessage: params in, result object out.
  std::function<std::string(std::string_view params)> sampling;
  /// roots/list: the result object.
  std::function<std::string()> roots;
  /// A person has to sign in: shows `url` in a browser and returns the URL that the browser was
  /// sent back to (ClientOptions::redirect_uri with its query). Runs on a thread of its own. Not
  /// set: a server that wants a login fails with Reason::login_needed.
  std::function<Result<std::string>(std::string_view url)> authorize;
  /// Every notification of the server that is not progress of a call: its method and raw params.
  std::function<void(std::string_view method, std::string_view params)> notification;
};

struct ClientOptions {
  std::string name = "mooring";
  std::string version;  ///< empty: this library's
  ClientHandlers handlers;
  /// The `mooring` program, which guards the processes of stdio servers; empty: the one on PATH.
  std::string guard;
  /// What a stdio server writes to stderr is kept in logs/NAME.log below it; empty:
  /// $XDG_STATE_HOME/mooring.
  std::string state_dir;
  /// The state directory in which `mooring login` keeps its sign-ins: they are used, and refreshed
  /// tokens kept there. Empty: sign-ins live as long as the client.
  std::string sign_in_dir;
  /// What stands after `mooring login` where a person is told to sign in; empty: the server's name.
  std::string login_target;
  /// Where the browser is sent back to after a login: an address that `handlers.authorize` listens
  /// on.
  std::string redirect_uri = "http://127.0.0.1:7776/callback";
};

struct CallOptions {
  std::optional<std::chrono::milliseconds> timeout;  ///< instead of UpstreamConfig::timeout
  /// progress, total (negative: unknown), message; called on the client's own thread
  std::function<void(double, double, std::string_view)> progress;
  /// Asked to stop, the call ends with Reason::cancelled and the server is told.
  std::stop_token stop = {};
};

/// One MCP server, kept connected. Reconnects by itself; a call that meets a lost session is
/// repeated where that is safe. Blocking, and safe to use from several threads at once; it runs one
/// thread of its own. Destroying it ends the session.
class Client {
 public:
  /// Connects and performs the handshake, at most `config.connect_timeout`; the error says what is
  /// in the way.
  static Result<Client> connect(UpstreamConfig config, ClientOptions options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  std::string protocol_version() const;
  std::string capabilities() const;  ///< raw JSON object of the server
  std::string server_info() const;   ///< raw JSON object
  std::string instructions() const;

  /// All pages. Tools that a client must not use for what they ask in headers (2026-07-28
  /// "Transports", x-mcp-header) are left out.
  Result<std::vector<Item>> tools();
  Result<std::vector<Item>> resources();
  Result<std::vector<Item>> resource_templates();
  Result<std::vector<Item>> prompts();

  /// `arguments` is a JSON object.
  Result<ToolResult> call(
      std::string_view tool, std::string_view arguments = "{}", const CallOptions& options = {}
  );
  /// The raw result object of resources/read.
  Result<std::string> read(std::string_view uri, const CallOptions& options = {});
  /// The raw result object of prompts/get.
  Result<std::string> prompt(
      std::string_view name, std::string_view arguments = "{}", const CallOptions& options = {}
  );
  /// Any request: the raw result object. A JSON-RPC error comes back as Reason::rejected with
  /// "code: message"; no answer as Reason::unavailable where the request certainly did not run,
  /// else as Reason::timeout or Reason::unknown_outcome.
  Result<std::string> request(
      std::string_view method, std::string_view params = "{}", const CallOptions& options = {}
  );

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mooring
