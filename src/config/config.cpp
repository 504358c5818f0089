#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "config/document.hpp"
#include "config/reading.hpp"
#include "config/schema.hpp"
#include "config/section.hpp"
#include "config/server.hpp"
#include "config/values.hpp"
#include "core/file.hpp"
#include "core/url.hpp"
#include "protocol/names.hpp"

namespace mooring::config {
namespace {

/// From a whole document to a Config.
class ConfigReader {
 public:
  ConfigReader(Document document, const Env& env)
      : document_(std::move(document)), reading_{document_, env} {}

  Result<Config> read() {
    if (auto wrong = read_top()) {
      return fail(Reason::config, document_.message(wrong->at, wrong->text));
    }
    config_.warnings = std::exchange(reading_.notes, {});
    for (const char* key : {"mcpServers", "servers"}) {
      if (const Node* servers = document_.root.find(key)) read_servers(*servers);
    }
    for (const std::string& file : document_.files) config_.files.emplace_back(file);
    for (auto& file : reading_.files) {
      if (std::ranges::find(config_.files, file) == config_.files.end()) {
        config_.files.push_back(std::move(file));
      }
    }
    return std::move(config_);
  }

 private:
  std::optional<Problem> read_top() {
    for (Member& member : document_.root.members) {
      if (member.key == "mcpServers" || member.key == "servers" || member.key == "inputs") continue;
      if (auto wrong = expand_tree(member.value, Unset::fail, false, reading_)) {
        wrong->text = fmt::format("{}: {}", member.key, wrong->text);
        return wrong;
      }
    }
    const auto problems = top_section().apply(document_.root);
    if (problems.empty()) return {};
    return problems.front();
  }

  Section top_section() {
    Section out;
    const Section::Setter map_expected = [](const Node& node) -> std::optional<Problem> {
      if (node.kind == Node::Kind::map || node.kind == Node::Kind::null) return {};
      return Problem{
          node.at, fmt::format("a map of server names is expected, not {}", describe(node))
      };
    };
    out.bind("mcpServers", map_expected);
    out.bind("servers", map_expected);
    out.bind("$schema", [](const Node&) { return std::optional<Problem>(); });
    out.bind("inputs", [this](const Node& node) {
      reading_.note(node.at, "inputs is ignored: use environment variables such as ${TOKEN}");
      return std::optional<Problem>();
    });
    for (const auto& key : gateway_keys()) {
      const Section::Setter set = [this, &key](const Node& node) {
        return key.set(config_.gateway, node, reading_);
      };
      out.bind("gateway." + key.path, set);
      if (key.path.starts_with("limits.")) out.bind(key.path, set);
    }
    for (const auto& key : server_keys()) {
      if (key.own) continue;
      const Section::Setter set = [this, &key](const Node& node) {
        return key.set(defaults_, node, reading_);
      };
      out.bind(key.path, set);
      out.bind("defaults." + key.path, set);
    }
    return out;
  }

  void read_servers(const Node& servers) {
    config_.servers.reserve(config_.servers.size() + servers.members.size());
    for (const Member& member : servers.members) {
      ServerEntry entry = read_server(member, defaults_, reading_);
      const std::string public_form = protocol::sanitize_name(member.key);
      const auto [first, fresh] = names_.emplace(public_form, member.key);
      if (!fresh) {
        entry.error = Error{
            Reason::config,
            fmt::format(
                "{}: server {}: the name cannot be told from {} in tool names (both become "
                "\"{}\"); "
                "rename one of them",
                document_.where(member.at), shown(member.key), shown(first->second), public_form
            )
        };
      }
      config_.servers.push_back(std::move(entry));
    }
  }

  Document document_;
  Reading reading_;
  Config config_;
  UpstreamConfig defaults_;
  std::map<std::string, std::string> names_;  ///< as shown → as written
};

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

const ServerEntry* Config::find(std::string_view name) const {
  const auto it =
      std::ranges::find_if(servers, [&](const auto& entry) { return entry.config.name == name; });
  return it == servers.end() ? nullptr : &*it;
}

Result<Config> load(const std::vector<std::filesystem::path>& files, const Env& env) {
  Document document;
  document.root.kind = Node::Kind::map;
  for (const auto& file : files) {
    const auto text = core::read_file(file, max_file_bytes);
    if (!text) return fail(Reason::config, text.error().detail);
    auto next = parse_document(*text, file.string());
    if (!next) return std::unexpected(std::move(next.error()));
    overlay(document, std::move(*next));
  }
  return ConfigReader(std::move(document), env).read();
}

Result<Config> parse(std::string_view text, std::string file_name, const Env& env) {
  auto document = parse_document(text, std::move(file_name));
  if (!document) return std::unexpected(std::move(document.error()));
  return ConfigReader(std::move(*document), env).read();
}

std::vector<std::filesystem::path> default_files(const std::filesystem::path& cwd, const Env& env) {
  std::vector<std::filesystem::path> directories = {cwd};
  const auto config_home = env("XDG_CONFIG_HOME");
  const auto home = env("HOME");
  if (config_home && !config_home->empty()) {
    directories.push_back(std::filesystem::path(*config_home) / "mooring");
  } else if (home && !home->empty()) {
    directories.push_back(std::filesystem::path(*home) / ".config" / "mooring");
  }
  for (const auto& directory : directories) {
    for (const char* name : {"mooring.yaml", "mooring.yml", "mooring.json"}) {
      if (is_file(directory / name)) return {directory / name};
    }
  }
  return {};
}

Result<ListenAddress> parse_listen(std::string_view text) {
  auto refuse = [&] {
    return fail(
        Reason::usage,
        fmt::format(
            "an address such as 127.0.0.1:7777 or [::1]:7777 is expected, not {}", shown(text)
        )
    );
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  std::string_view host = text.substr(0, colon);
  const auto port = parse_count(text.substr(colon + 1), 0, 65535);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool has_colon = host.find(':') != std::string_view::npos;
  const bool odd = host.find_first_of(" /[]@\t") != std::string_view::npos;
  if (host.empty() || !port || odd || has_colon != bracketed) return refuse();
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}

Result<void> check_exposure(const GatewayConfig& gateway) {
  const auto address = parse_listen(gateway.listen);
  if (!address) return std::unexpected(address.error());
  if (gateway.insecure || !gateway.tokens.empty() || core::is_loopback_host(address->host))
    return {};
  return fail(
      Reason::config,
      fmt::format(
          "refusing to listen on {} without authentication: set gateway.auth.token, listen on "
          "127.0.0.1, or say --insecure",
          gateway.listen
      )
  );
}

std::optional<std::string> bad_server_name(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > protocol::max_name) return "is longer than 64 characters";
  if (name.find('/') != std::string_view::npos)
    return "holds a '/', which cannot stand in /mcp/NAME";
  if (name.find("__") != std::string_view::npos) {
    return "holds \"__\", which separates server and tool";
  }
  if (name == "." || name == "..") return "cannot stand in /mcp/NAME";
  const bool control = std::ranges::any_of(name, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) return "holds a control character";
  if (trim(name) != name) return "begins or ends with a blank";
  return std::nullopt;
}

}  // namespace mooring::config
