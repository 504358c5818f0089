#pragma once

#include <boost/json/object.hpp>
#include <mooring/upstream_config.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

/// What the suite tells one scenario's client (MCP_CONFORMANCE_CONTEXT).
class Context {
 public:
  struct ToolCall {
    std::string name;
    std::string arguments;  ///< raw JSON object
  };

  static Context from_environment();

  /// The sign-in that `scenario` is about.
  mooring::OAuthConfig oauth(std::string_view scenario) const;
  /// The calls that the scenario wants, in its order.
  std::vector<ToolCall> tool_calls() const;

 private:
  /// Empty: there is no such text.
  std::string text(std::string_view name) const;

  boost::json::object told_;
};

}  // namespace conformance
