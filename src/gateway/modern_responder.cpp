#include "gateway/modern_responder.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

namespace {

constexpr std::string_view url_elicitation_required = "-32042";

/// The elicitations of a URLElicitationRequiredError as the requests of a result; empty where the
/// client takes none.
std::string visits(const ClientSession& session, std::string_view method, std::string_view error) {
  const auto elicitation = protocol::member(session.capabilities, "elicitation");
  const bool takes = elicitation && protocol::member(*elicitation, "url");
  const auto data = protocol::member(error, "data");
  const auto wanted = data ? protocol::member(*data, "elicitations") : std::nullopt;
  if (!takes || !wanted || !protocol::may_require_input(method)) return {};
  std::string requests = "{}";
  int count = 0;
  protocol::for_each_element(*wanted, [&](std::string_view params) {
    requests = protocol::with_member(
        requests, fmt::format("url-{}", ++count),
        fmt::format(R"({{"method":"elicitation/create","params":{}}})", params)
    );
    return true;
  });
  return count == 0 ? std::string() : requests;
}

std::string_view modern_code(std::string_view code) {
  if (code == std::to_string(protocol::resource_not_found)) return "-32602";
  // What it asks for can be asked in a result only.
  if (code == url_elicitation_required) return "-32603";
  return code;
}

}  // namespace

std::string modern_response(
    const ClientSession& session, std::string_view method, std::string response
) {
  if (const auto error = protocol::member(response, "error")) {
    const auto code = protocol::member(*error, "code").value_or("0");
    if (code == url_elicitation_required) {
      const auto requests = visits(session, method, *error);
      const auto id = protocol::member(response, "id").value_or("null");
      if (!requests.empty()) {
        return protocol::make_result(
            id, fmt::format(R"({{"resultType":"input_required","inputRequests":{}}})", requests)
        );
      }
    }
    const auto modern = modern_code(code);
    if (modern == code) return response;
    return protocol::with_member(response, "error", protocol::with_member(*error, "code", modern));
  }
  const auto result = protocol::member(response, "result");
  if (!result || !protocol::is_object(*result)) return response;
  return protocol::with_member(response, "result", protocol::as_modern_result(method, *result));
}

awaitable<bool> ModernResponder::finish_part(std::string_view bytes) {
  parts_ += bytes;
  co_return true;
}

awaitable<void> ModernResponder::finish_end(bool ok) {
  co_await finish(ok ? std::move(parts_) : broken_result(id_));
}

}  // namespace mooring::gateway
