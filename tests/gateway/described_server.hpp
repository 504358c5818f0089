#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/contribution.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::gateway {

/// One upstream as a test describes it: raw result objects of its lists.
struct Server {
  explicit Server(std::string name) {
    config.name = std::move(name);
    capabilities = "{}";
  }
  Server& page(upstream::ListKind kind, std::string_view result) {
    upstream::PageCollector pages(kind, 50);
    pages.add(result);
    catalogue[kind] = std::move(pages).take();
    return *this;
  }
  Server& tools(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) {
      if (!list.empty()) list += ',';
      list +=
          fmt::format(R"({{"name":{},"inputSchema":{{"type":"object"}}}})", protocol::quote(name));
    }
    return page(upstream::ListKind::tools, R"({"tools":[)" + list + "]}");
  }
  Server& tool(std::string_view definition) {
    return page(upstream::ListKind::tools, fmt::format(R"({{"tools":[{}]}})", definition));
  }
  Server& include(std::vector<std::string> patterns) {
    config.tools.include = std::move(patterns);
    return *this;
  }
  operator Contribution() const {  // NOLINT(google-explicit-constructor): reads better in the tests
    return {
        config.name, std::make_shared<const UpstreamConfig>(config),
        std::make_shared<const upstream::Catalogue>(catalogue), capabilities, modern
    };
  }
  /// Of the modern era: what it says of keeping its tools.
  Server& keeps_for(long long ttl_ms, bool shared) {
    catalogue[upstream::ListKind::tools].hints = {ttl_ms, shared};
    modern = true;
    return *this;
  }

  UpstreamConfig config;
  upstream::Catalogue catalogue;
  std::string capabilities;
  bool modern = false;
};

}  // namespace mooring::gateway
