#include "gateway/call_state.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "core/hash.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::gateway {

namespace {

constexpr std::string_view context = "mcp-request-state-1";

template <class Number>
Number number_member(std::string_view object, std::string_view key) {
  Number number{};
  const auto raw = protocol::member(object, key).value_or("0");
  std::from_chars(raw.data(), raw.data() + raw.size(), number);
  return number;
}

}  // namespace

std::string CallState::seal(const core::Sealer& sealer) const {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count();
  return sealer.seal(
      fmt::format(
          R"({{"call":{},"worker":{},"round":{},"principal":{},"endpoint":{},"digest":{},"expires":{}}})",
          protocol::quote(call), worker, round, protocol::quote(principal),
          protocol::quote(endpoint), protocol::quote(digest), seconds
      ),
      context
  );
}

std::optional<CallState> CallState::open(const core::Sealer& sealer, std::string_view token) {
  const auto plain = sealer.open(token, context);
  if (!plain) return std::nullopt;
  return CallState{
      .call = protocol::string_member(*plain, "call"),
      .worker = number_member<unsigned>(*plain, "worker"),
      .round = number_member<std::uint64_t>(*plain, "round"),
      .principal = protocol::string_member(*plain, "principal"),
      .endpoint = protocol::string_member(*plain, "endpoint"),
      .digest = protocol::string_member(*plain, "digest"),
      .expires = std::chrono::system_clock::time_point(
          std::chrono::seconds(number_member<long long>(*plain, "expires"))
      ),
  };
}

std::string request_digest(const protocol::Frame& request) {
  // Sorted: a client may put the params of a retry together in another order.
  std::map<std::string, std::string> kept;
  protocol::for_each_member(request.params(), [&](std::string_view key, std::string_view value) {
    kept.insert_or_assign(protocol::unescape(key), protocol::one_line(value));
    return true;
  });
  for (const auto* each : {"_meta", "inputResponses", "requestState"}) kept.erase(each);
  auto text = request.method();
  for (const auto& [key, value] : kept) text += fmt::format("\n{}:{}", protocol::quote(key), value);
  return core::sha256_hex(text);
}

}  // namespace mooring::gateway
