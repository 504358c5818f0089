#include "everything/resources.hpp"

#include <fmt/format.h>

#include <optional>

#include "everything/media.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {
namespace {

std::string text_contents(std::string_view uri, std::string_view type, std::string_view text) {
  return fmt::format(
      R"({{"contents":[{{"uri":{},"mimeType":"{}","text":{}}}]}})", protocol::quote(uri), type,
      protocol::quote(text)
  );
}

/// The {id} of test://template/{id}/data.
std::optional<std::string_view> template_id(std::string_view uri) {
  constexpr std::string_view before = "test://template/";
  constexpr std::string_view after = "/data";
  if (!uri.starts_with(before) || !uri.ends_with(after)) return std::nullopt;
  if (uri.size() <= before.size() + after.size()) return std::nullopt;
  auto id = uri.substr(before.size(), uri.size() - before.size() - after.size());
  if (id.find('/') != std::string_view::npos) return std::nullopt;
  return id;
}

std::string template_contents(std::string_view uri, std::string_view id) {
  auto text = fmt::format(
      R"({{"id":{},"templateTest":true,"data":{}}})", protocol::quote(id),
      protocol::quote(fmt::format("Data for ID: {}", id))
  );
  return text_contents(uri, "application/json", text);
}

}  // namespace

const std::vector<std::string_view>& resource_definitions() {
  static const std::vector<std::string_view> all{
      R"({"uri":"test://static-text","name":"static-text","title":"Static text","description":"A text that never changes","mimeType":"text/plain"})",
      R"({"uri":"test://static-binary","name":"static-binary","title":"Static binary","description":"An image of one red pixel","mimeType":"image/png"})",
      R"({"uri":"test://watched-resource","name":"watched-resource","title":"Watched resource","description":"Changes whenever touch_resource is called; made for subscriptions","mimeType":"text/plain"})",
  };
  return all;
}

const std::vector<std::string_view>& resource_template_definitions() {
  static const std::vector<std::string_view> all{
      R"({"uriTemplate":"test://template/{id}/data","name":"template","title":"Data by id","description":"Says which id it was asked for","mimeType":"application/json"})",
  };
  return all;
}

RpcResult read_resource(const World& world, std::string_view uri) {
  if (uri == "test://static-text") {
    return text_contents(uri, "text/plain", "This is the content of the static text resource.");
  }
  if (uri == "test://static-binary") {
    return fmt::format(
        R"({{"contents":[{{"uri":"{}","mimeType":"image/png","blob":"{}"}}]}})", uri, red_pixel_png
    );
  }
  if (uri == "test://embedded-resource") {
    return text_contents(uri, "text/plain", "This is an embedded resource content.");
  }
  if (uri == "test://watched-resource") {
    auto at = world.touched.find(std::string(uri));
    auto version = at == world.touched.end() ? 0 : at->second;
    return text_contents(uri, "text/plain", fmt::format("Watched resource, version {}", version));
  }
  if (auto id = template_id(uri)) return template_contents(uri, *id);
  return std::unexpected(RpcError{
      protocol::resource_not_found, fmt::format("Resource not found: {}", uri),
      fmt::format(R"({{"uri":{}}})", protocol::quote(uri))
  });
}

}  // namespace mooring::everything
