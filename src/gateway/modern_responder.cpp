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

std::string with_code(std::string_view response, std::string_view error, std::string_view code) {
  return protocol::with_member(response, "error", protocol::with_member(error, "code", code));
}

std::string modern_error(
    const ClientSession& session, std::string_view method, std::string response,
    std::string_view error
) {
  const auto code = protocol::member(error, "code").value_or("0");
  if (code == std::to_string(protocol::resource_not_found))
    return with_code(response, error, "-32602");
  if (code != url_elicitation_required) return response;
  // What it asks for can be asked in a result only.
  const auto requests = visits(session, method, error);
  if (requests.empty()) return with_code(response, error, "-32603");
  return protocol::make_result(
      protocol::member(response, "id").value_or("null"),
      fmt::format(R"({{"resultType":"input_required","inputRequests":{}}})", requests)
  );
}

}  // namespace

awaitable<void> ModernResponder::finish(std::string response) {
  if (const auto error = protocol::error_of(response))
    co_return co_await to_->finish(modern_error(*session_, method_, response, *error));
  const auto result = protocol::member(response, "result");
  if (!result || !protocol::is_object(*result)) co_return co_await to_->finish(std::move(response));
  co_await to_->finish(
      protocol::with_member(response, "result", protocol::as_modern_result(method_, *result))
  );
}

awaitable<bool> ModernResponder::finish_part(std::string_view bytes) {
  parts_ += bytes;
  co_return true;
}

awaitable<void> ModernResponder::finish_end(bool ok) {
  co_await finish(ok ? std::move(parts_) : broken_result(id_));
}

}  // namespace mooring::gateway
