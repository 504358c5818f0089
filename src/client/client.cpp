#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <mooring/client.hpp>

#include "client/connection.hpp"
#include "core/url.hpp"
#include "io/child.hpp"
#include "protocol/json_scan.hpp"

namespace mooring {

using upstream::ListKind;

struct Client::Impl {
  Impl(UpstreamConfig config, ClientOptions options)
      : connection(std::move(config), std::move(options)) {}

  Result<std::vector<Item>> list(ListKind kind);

  client::Connection connection;
};

namespace {

/// The program that guards children, where the caller named none.
std::string mooring_on_path() {
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path == nullptr ? "" : path; !rest.empty();) {
    const auto directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    auto candidate = fmt::format("{}/mooring", directory.empty() ? "." : directory);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

Result<void> prepare(UpstreamConfig& config, const ClientOptions& options) {
  if (config.name.empty()) config.name = "server";
  if (!config.url.empty()) {
    auto url = core::Url::parse(config.url);
    if (!url) return std::unexpected(std::move(url.error()));
    return {};
  }
  if (config.command.empty()) {
    return fail(Reason::config, fmt::format("{}: neither url nor command is set", config.name));
  }
  auto guard = options.guard.empty() ? mooring_on_path() : options.guard;
  if (guard.empty()) {
    return fail(
        Reason::config,
        "a server over stdio needs the program mooring: put it on PATH, or name it in "
        "ClientOptions::guard"
    );
  }
  io::set_guard_executable(std::move(guard));
  return {};
}

Item to_item(const upstream::CatalogueItem& from) {
  Item item;
  item.json = from.json;
  item.name = protocol::string_member(from.json, "name");
  item.uri = protocol::string_member(from.json, "uri");
  if (item.uri.empty()) item.uri = protocol::string_member(from.json, "uriTemplate");
  item.title = protocol::string_member(from.json, "title");
  if (item.title.empty()) {
    const auto annotations = protocol::member(from.json, "annotations");
    if (annotations) item.title = protocol::string_member(*annotations, "title");
  }
  item.description = protocol::string_member(from.json, "description");
  return item;
}

ToolResult to_tool_result(std::string json) {
  ToolResult result;
  const auto failed = protocol::member(json, "isError");
  result.is_error = failed && protocol::is_true(*failed);
  const auto content = protocol::member(json, "content");
  bool first = true;
  if (content && protocol::is_array(*content)) {
    protocol::for_each_element(*content, [&](std::string_view block) {
      if (protocol::string_member(block, "type") != "text") return true;
      if (!std::exchange(first, false)) result.text += '\n';
      result.text += protocol::string_member(block, "text");
      return true;
    });
  }
  result.json = std::move(json);
  return result;
}

}  // namespace

Result<std::vector<Item>> Client::Impl::list(ListKind kind) {
  const auto method = upstream::list_method(kind);
  const auto server = connection.server();
  // A server need not understand what it did not offer.
  if (!server.has(method.substr(0, method.find('/')))) return std::vector<Item>{};
  const auto& config = connection.config();
  upstream::PageCollector pages(kind, config.max_pages, server.modern() && !config.url.empty());
  std::string params = "{}";
  for (;;) {
    const auto page = connection.request(method, params, {});
    if (!page) return std::unexpected(page.error());
    if (!pages.add(*page)) break;
    params = fmt::format(R"({{"cursor":{}}})", pages.cursor());
  }
  std::vector<Item> items;
  for (const auto& item : std::move(pages).take().items) items.push_back(to_item(item));
  return items;
}

Result<Client> Client::connect(UpstreamConfig config, ClientOptions options) {
  if (const auto ready = prepare(config, options); !ready) return std::unexpected(ready.error());
  auto impl = std::make_unique<Impl>(std::move(config), std::move(options));
  if (const auto open = impl->connection.open(); !open) return std::unexpected(open.error());
  return Client(std::move(impl));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

std::string Client::protocol_version() const { return impl_->connection.server().protocol_version; }
std::string Client::capabilities() const { return impl_->connection.server().capabilities; }
std::string Client::server_info() const { return impl_->connection.server().info; }
std::string Client::instructions() const { return impl_->connection.server().instructions; }

Result<std::vector<Item>> Client::tools() { return impl_->list(ListKind::tools); }
Result<std::vector<Item>> Client::resources() { return impl_->list(ListKind::resources); }
Result<std::vector<Item>> Client::resource_templates() {
  return impl_->list(ListKind::resource_templates);
}
Result<std::vector<Item>> Client::prompts() { return impl_->list(ListKind::prompts); }

Result<ToolResult> Client::call(
    std::string_view tool, std::string_view arguments, const CallOptions& options
) {
  if (protocol::validate(arguments)) {
    return fail(Reason::usage, "the arguments of a tool must be a JSON object");
  }
  const auto params =
      fmt::format(R"({{"name":{},"arguments":{}}})", protocol::quote(tool), arguments);
  auto result = request("tools/call", params, options);
  if (!result) return std::unexpected(std::move(result.error()));
  return to_tool_result(std::move(*result));
}

Result<std::string> Client::read(std::string_view uri, const CallOptions& options) {
  return request("resources/read", fmt::format(R"({{"uri":{}}})", protocol::quote(uri)), options);
}

Result<std::string> Client::prompt(
    std::string_view name, std::string_view arguments, const CallOptions& options
) {
  if (protocol::validate(arguments)) {
    return fail(Reason::usage, "the arguments of a prompt must be a JSON object");
  }
  const auto params =
      fmt::format(R"({{"name":{},"arguments":{}}})", protocol::quote(name), arguments);
  return request("prompts/get", params, options);
}

Result<std::string> Client::request(
    std::string_view method, std::string_view params, const CallOptions& options
) {
  return impl_->connection.request(method, params, options);
}

}  // namespace mooring
