#include "gateway/front.hpp"

#include "protocol/messages.hpp"

namespace mooring::gateway {

std::string broken_result(std::string_view id) {
  protocol::ErrorData data;
  data.kind = "transient";
  data.delivery = "unknown";
  data.outcome = "unknown";
  data.advice = "The call may have run; check its effect before you repeat it.";
  return protocol::make_error(
      id, protocol::internal_error, "the result broke off on its way", data
  );
}

}  // namespace mooring::gateway
