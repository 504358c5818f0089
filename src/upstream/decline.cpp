#include "upstream/decline.hpp"

#include "protocol/messages.hpp"

namespace mooring::upstream {

std::string decline(const protocol::Frame& request, std::string_view because) {
  const auto& method = request.method();
  if (method == "ping") return protocol::make_result(request.id(), "{}");
  if (method == "roots/list") return protocol::make_result(request.id(), R"({"roots":[]})");
  if (method == "elicitation/create") {
    return protocol::make_result(request.id(), R"({"action":"decline"})");
  }
  const int code =
      method == "sampling/createMessage" ? protocol::invalid_request : protocol::method_not_found;
  return protocol::make_error(request.id(), code, because);
}

}  // namespace mooring::upstream
