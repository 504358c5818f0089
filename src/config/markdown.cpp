#include <fmt/format.h>

#include <string>

#include "config/schema.hpp"

namespace mooring::config {
namespace {

std::string_view type_name(KeyType type) {
  switch (type) {
    case KeyType::duration:
      return "duration";
    case KeyType::count:
      return "number";
    case KeyType::size:
      return "size";
    case KeyType::boolean:
      return "yes or no";
    case KeyType::text:
      return "text";
    case KeyType::path:
      return "path";
    case KeyType::list:
      return "list";
    case KeyType::words:
      return "list";
    case KeyType::text_map:
      return "map";
    case KeyType::choice:
      return "choice";
    case KeyType::tokens:
      return "list";
  }
  return "text";
}

template <class Target>
std::string row(const Key<Target>& key) {
  std::string type(type_name(key.type));
  if (key.type == KeyType::choice) {
    type.clear();
    for (const std::string& word : key.choices) {
      type += fmt::format("{}`{}`", type.empty() ? "" : ", ", word);
    }
  }
  if (key.type == KeyType::count) type += fmt::format(", {} to {}", key.min, key.max);
  std::string preset = key.default_json;
  std::erase(preset, '"');
  if (!preset.empty()) preset = fmt::format("`{}`", preset);
  return fmt::format("| `{}` | {} | {} | {} |\n", key.path, type, preset, key.doc);
}

constexpr std::string_view head = "| key | type | default | what it does |\n|---|---|---|---|\n";

constexpr std::string_view introduction = R"(# Configuration

<!-- Made from the key table in src/config. Do not edit: MOORING_UPDATE_DOCS=1 build/dev/bin/config_test writes it anew. -->

A file that begins with `{` is JSON with comments and trailing commas; anything else is YAML. The `mcpServers` shape of today's
clients is valid as it stands:

```yaml
mcpServers:
  github: { url: "https://mcp.example.com/mcp", headers: { Authorization: "Bearer ${GITHUB_TOKEN}" } }
  files:  { command: mcp-server-filesystem, args: ["/srv/data"] }
gateway:
  listen: 127.0.0.1:7777
```

`--config FILE` may be given several times; later files extend and override earlier ones key by key. Without it the first of
these is used: `mooring.yaml`, `mooring.yml` or `mooring.json` in the current directory, then in `$XDG_CONFIG_HOME/mooring`.

An unknown key fails its server, and names the nearest known one; outside the servers it ends the command with exit code 2. One
bad server never stops the others. A repeated key is refused.

## How values are written

- **duration**: seconds (`60`, `2.5`), or numbers with `ms`, `s`, `m`, `h`, `d` (`500ms`, `1m30s`).
- **size**: bytes (`65536`), or a number with `KB`, `MB`, `GB` (1000) or `KiB`, `MiB`, `GiB` (1024).
- **yes or no**: `true`, `yes`, `on`, `1` or `false`, `no`, `off`, `0`, in any case. Any other word leaves the default, with a
  warning.
- **list**: a single text is a list of one.
- **path**: `~/` is the home directory; a relative path starts at the directory of the file it is written in.
- A key with dots (`breaker.failures`) may be written as nested maps or as it stands.
- `${VAR}`, `${VAR:-default}` and `${env:VAR}` are replaced in every text. A variable that is not set fails a server whose
  `url`, `headers` or `auth` needs it, stays as written in the server's other keys, and is an error outside the servers.
- `${file:/path}` is replaced by what is in that file, without blanks and line breaks at its ends; at most 64 KiB. The path is
  written as any other, and `${file:/path:-default}` works too. A file that cannot be read is a variable that is not set. The
  content is a secret, and never shown.
- Headers with `${…}` are looked up again for every session: the next one uses a rotated secret. A file that changed is no
  change of the configuration.

## Servers

Keys of one entry of `mcpServers`. A name is at most 64 characters long, and holds neither `/` nor `__`.

)";

constexpr std::string_view after_own = R"(
## Servers, or all of them

These may stand in one server, under `defaults:` for all of them, or at top level, which means the same.

)";

constexpr std::string_view after_shared = R"(
## Keys that other clients write

In a server:

| key | what Mooring does with it |
|---|---|
)";

constexpr std::string_view before_gateway = R"(
## Gateway

Keys of the map `gateway`. Its `limits` may stand at top level too, where `limits.buffer_bytes` is meant for the gateway and
the servers alike.

)";

}  // namespace

std::string markdown() {
  std::string out(introduction);
  out += head;
  for (const auto& key : server_keys()) {
    if (key.own) out += row(key);
  }
  out += after_own;
  out += head;
  for (const auto& key : server_keys()) {
    if (!key.own) out += row(key);
  }
  out += after_shared;
  for (const ForeignKey& key : foreign_server_keys()) {
    out += fmt::format("| `{}` | {} |\n", key.path, key.doc);
  }
  out += "\nAt top level:\n\n| key | what Mooring does with it |\n|---|---|\n";
  for (const ForeignKey& key : foreign_top_keys()) {
    out += fmt::format("| `{}` | {} |\n", key.path, key.doc);
  }
  out += before_gateway;
  out += head;
  for (const auto& key : gateway_keys()) out += row(key);
  return out;
}

}  // namespace mooring::config
