#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "config/document.hpp"

namespace mooring::config {

/// A server that is about to be written into a configuration, by the keys it has there. Empty
/// members are left out.
struct ServerDraft {
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  std::string name;

  std::string url;
  std::string transport;  ///< "http" or "sse"; empty: found out
  Pairs headers;

  std::string command;
  std::vector<std::string> args;
  Pairs env;
  std::string cwd;
  std::vector<std::string> pass_env;

  std::string env_file;
  std::string timeout;  ///< "30s"
  std::string connect_timeout;
  std::optional<std::vector<std::string>> include;  ///< patterns of tools
  std::vector<std::string> exclude;
  bool enabled = true;
};

/// The entry as it is written below `mcpServers`.
Member entry_of(const ServerDraft& draft);

/// What a configuration with this entry would say of it. `env` answers for its variables.
ServerEntry preview(const ServerDraft& draft, const Env& env);

/// The value of an Authorization header from what somebody has pasted: "abc", "Bearer abc",
/// "Bearer Bearer abc" and "Authorization: Bearer abc" all give "Bearer abc". Empty: there is no
/// token in it.
std::string bearer_value(std::string_view pasted);

/// Makes "Bearer Bearer abc" in an Authorization header one "Bearer".
void mend_authorization(ServerDraft& draft);

/// Takes the credentials out of a draft and leaves `${NAME}` in their places, so that they can
/// stand in the file that `envFile` names; variables of a child are left out, for `envFile` adds
/// them. What refers to a variable already stays. Names and values, in the order of the draft.
ServerDraft::Pairs take_secrets(ServerDraft& draft);

/// Lines that parse_env_file reads back to the same.
std::string env_file_text(const ServerDraft::Pairs& variables);

}  // namespace mooring::config
