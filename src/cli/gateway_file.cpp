#include "cli/gateway_file.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cerrno>
#include <csignal>

#include "core/file.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path gateway_file_path(const fs::path& state_dir) { return state_dir / "gateway.json"; }

Result<void> write_gateway_file(const fs::path& state_dir, const GatewayFile& gateway) {
  const auto text = json::serialize(
      json::object{{"url", gateway.url}, {"token", gateway.token}, {"pid", gateway.pid}}
  );
  return core::write_file_atomic(gateway_file_path(state_dir), text + "\n", 0600);
}

std::optional<GatewayFile> read_gateway_file(const fs::path& state_dir) {
  const auto text = core::read_file(gateway_file_path(state_dir), 64 * 1024);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const auto parsed = json::parse(*text, error);
  if (error || !parsed.is_object()) return std::nullopt;
  const auto& object = parsed.as_object();
  const auto* url = object.if_contains("url");
  const auto* token = object.if_contains("token");
  const auto* pid = object.if_contains("pid");
  if (url == nullptr || !url->is_string() || pid == nullptr || !pid->is_int64())
    return std::nullopt;
  GatewayFile gateway;
  gateway.url = std::string(url->as_string());
  if (token != nullptr && token->is_string()) gateway.token = std::string(token->as_string());
  gateway.pid = static_cast<int>(pid->as_int64());
  if (gateway.pid <= 0 || (::kill(gateway.pid, 0) != 0 && errno == ESRCH)) return std::nullopt;
  return gateway;
}

void remove_gateway_file(const fs::path& state_dir, int pid) {
  const auto present = read_gateway_file(state_dir);
  if (!present || present->pid != pid) return;
  std::error_code ignored;
  fs::remove(gateway_file_path(state_dir), ignored);
}

}  // namespace mooring::cli
