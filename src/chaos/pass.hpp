#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chaos/answers.hpp"
#include "chaos/engine.hpp"
#include "io/http_server.hpp"

namespace mooring::chaos {

/// One request on its way through the proxy: looked at, hit or not, forwarded, answered. What no
/// fault hits passes as it came, streams piece by piece.
class Pass {
 public:
  Pass(Engine& engine, io::HttpExchange& exchange);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  awaitable<void> run();

 private:
  using Response = io::IncomingHttpResponse;

  void look();
  awaitable<void> delay();
  awaitable<bool> hit_before();
  awaitable<void> hang();
  awaitable<void> forward();
  io::OutgoingHttpRequest outgoing();
  void take_head(const Response& response);
  awaitable<void> upstream_failed(const io::HttpFailure& failure);

  awaitable<void> deliver_hit(Response& response);
  awaitable<void> pass_on(Response& response);
  awaitable<void> truncate(Response& response);
  awaitable<void> wrong_id(Response& response);
  awaitable<void> spoil_events(Response& response);
  awaitable<void> drain(Response& response);
  awaitable<void> send_own(const OwnAnswer& answer);
  awaitable<void> finish_stream(bool complete);
  awaitable<bool> begin_stream();
  std::vector<io::HeaderField> fields() const;

  const Fault& fault() const { return engine_.plan.fault(*hits_.fault); }
  void struck(std::string detail = {});
  void missed();

  Engine& engine_;
  io::HttpExchange& exchange_;
  Flow flow_;
  std::list<Flow*>::iterator place_;
  std::uint64_t number_;
  Plan::Hits hits_;
  std::string upstream_session_;
  std::string request_id_;  ///< raw
  int status_ = 0;
  std::vector<io::HttpHeader> headers_;  ///< of the answer
  bool is_stream_ = false;               ///< the answer is an event stream
};

}  // namespace mooring::chaos
