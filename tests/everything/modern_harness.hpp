#pragma once

#include "everything/harness.hpp"
#include "protocol/modern.hpp"

namespace mooring::everything {

/// Requests of the modern era (2026-07-28), each of which brings its own session.
class ModernEverything : public EverythingTest {
 protected:
  gateway::ClientSessionPtr client(std::string capabilities = "{}", std::string log_level = {}) {
    gateway::ClientSession session;
    session.key = fmt::format("request-{}", ++requests_);
    session.version = protocol::latest_modern;
    session.capabilities = std::move(capabilities);
    session.log_level = std::move(log_level);
    return std::make_shared<const gateway::ClientSession>(std::move(session));
  }
  boost::json::value ask(
      const gateway::ClientSessionPtr& from, std::string_view method, std::string_view params = "{}"
  ) {
    const auto responder = request(from, method, params);
    finish(*responder);
    return responder->json();
  }
  boost::json::value tool(
      std::string_view capabilities, std::string_view name, std::string_view more = {}
  ) {
    return ask(
        client(std::string(capabilities)), "tools/call",
        fmt::format(R"({{"name":"{}","arguments":{{}}{}}})", name, more)
    );
  }
  static std::string retry(const boost::json::value& asked, std::string_view responses) {
    return fmt::format(
        R"(,"inputResponses":{},"requestState":{})", responses,
        boost::json::serialize(asked.at("result").at("requestState"))
    );
  }
  static std::string said(const boost::json::value& response) {
    return std::string(response.at("result").at("content").at(0).at("text").as_string());
  }
  static std::int64_t code(const boost::json::value& response) {
    return response.at("error").at("code").as_int64();
  }

 private:
  int requests_ = 0;
};

}  // namespace mooring::everything
