#pragma once

#include <string>
#include <string_view>

#include "harness/client.hpp"

namespace mooring::integration {

/// A downstream client of the modern era (2026-07-28): every request says who asks.
class Modern {
 public:
  Modern(Client& client, std::string url, std::string capabilities = "{}")
      : client_(client), url_(std::move(url)), capabilities_(std::move(capabilities)) {}

  /// From now on every request carries this bearer token.
  void show(std::string token) { token_ = std::move(token); }
  /// Sends a request and waits for its whole response.
  json::value call(std::string_view method, std::string_view params = "{}");
  json::value tool(std::string_view name, std::string_view arguments = "{}");
  /// The retry of a request that wants input: `responses` as inputResponses.
  json::value retry(
      std::string_view method, std::string_view params, const json::value& asked,
      std::string_view responses
  );
  /// Sends a request; its answer is read as it comes. `last_id()` is the raw id it has.
  Exchange start(std::string_view method, std::string_view params = "{}");
  std::string last_id() const { return std::to_string(last_); }

  /// The parts of a request, for tests that change them. `params` with the envelope.
  std::string envelope(std::string_view params, std::string_view more_meta = {}) const;
  static Headers headers(std::string_view method, std::string_view name = {});
  Response post(std::string body, Headers headers, bool fresh = true);

 private:
  Client& client_;
  std::string url_, capabilities_, token_;
  int last_ = 0;
};

/// The key of the one question in a result that asks for input; empty: it asks none, or several.
std::string only_key(const json::value& asked);
/// The inputResponses to it.
std::string answers(const json::value& asked, std::string_view answer);

}  // namespace mooring::integration
