#include "client/answers.hpp"

#include <fmt/format.h>

#include <exception>
#include <mooring/version.hpp>

#include "core/log.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "upstream/decline.hpp"

namespace mooring::client {

namespace {

/// The handler's result for this request; empty: no handler is for it.
std::optional<std::string> ask(const ClientHandlers& handlers, const protocol::Frame& request) {
  const auto& method = request.method();
  if (method == "roots/list" && handlers.roots) return handlers.roots();
  if (method == "sampling/createMessage" && handlers.sampling) {
    return handlers.sampling(request.params());
  }
  // Only forms were declared.
  const bool form = protocol::string_member(request.params(), "mode") != "url";
  if (method == "elicitation/create" && handlers.elicitation && form) {
    return handlers.elicitation(request.params());
  }
  return std::nullopt;
}

}  // namespace

upstream::ClientIdentity identity_of(const ClientOptions& options, const UpstreamConfig& config) {
  upstream::ClientIdentity identity;
  identity.info = fmt::format(
      R"({{"name":{},"version":{}}})", protocol::quote(options.name),
      protocol::quote(options.version.empty() ? MOORING_VERSION : options.version)
  );
  std::string capabilities = "{";
  const auto add = [&capabilities](std::string_view capability) {
    if (capabilities.size() > 1) capabilities += ',';
    capabilities += capability;
  };
  if (options.handlers.roots) add(R"("roots":{})");
  if (options.handlers.sampling && config.sampling_enabled) add(R"("sampling":{})");
  if (options.handlers.elicitation && config.elicitation_enabled) {
    add(R"("elicitation":{"form":{}})");
  }
  identity.capabilities = capabilities + "}";
  return identity;
}

std::string answer(const ClientHandlers& handlers, const protocol::Frame& request) {
  try {
    const auto result = ask(handlers, request);
    if (!result) return upstream::decline(request, "this client does not support it");
    if (!protocol::validate(*result) && protocol::is_object(*result)) {
      return protocol::make_result(request.id(), *result);
    }
    core::log::error("client", "the handler of {} returned no JSON object", request.method());
    return protocol::make_error(
        request.id(), protocol::internal_error, "the client's answer is no JSON object"
    );
  } catch (const std::exception& error) {
    return protocol::make_error(
        request.id(), protocol::internal_error, fmt::format("the client failed: {}", error.what())
    );
  } catch (...) {
    return protocol::make_error(request.id(), protocol::internal_error, "the client failed");
  }
}

void tell(const ClientHandlers& handlers, std::string_view method, std::string_view params) {
  if (!handlers.notification) return;
  try {
    handlers.notification(method, params.empty() ? "{}" : params);
  } catch (const std::exception& error) {
    core::log::error("client", "the handler of {} failed: {}", method, error.what());
  } catch (...) {
    core::log::error("client", "the handler of {} failed", method);
  }
}

}  // namespace mooring::client
