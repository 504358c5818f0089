#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "chaos/plan.hpp"
#include "chaos/virtual_sessions.hpp"
#include "io/async.hpp"
#include "io/http_client.hpp"

namespace mooring::chaos {

/// A fault that struck, as it is told to whoever runs the proxy.
struct Injection {
  core::Duration at{0};       ///< since the proxy began
  std::string fault;          ///< its name
  std::string written;        ///< as given on the command line or to the control endpoint
  std::string detail;         ///< what it did beyond what its name says; may be empty
  std::uint64_t request = 0;  ///< the request it hit, counted from 1; 0: none
  std::string http_method;
  std::string method;  ///< JSON-RPC; empty: none
};
using Tell = std::function<void(const Injection&)>;

/// A request that is with the upstream. While it is listed its stream can be ended from outside.
struct Flow {
  enum class Ending : std::uint8_t { none, clean, broken };

  Asked asked;
  std::string session;     ///< as the client knows it
  bool streaming = false;  ///< an event stream is on its way to the client
  Ending ending = Ending::none;
  io::AbortSource abort;

  void end(Ending how) {
    ending = how;
    abort.abort();
  }
};

struct ProxyOptions {
  core::Url upstream;
  std::vector<Fault> faults = {};
  std::uint64_t seed = 0;
  bool control = false;  ///< /chaos answers, to loopback alone
  /// Guards against DNS rebinding: whether a Host header is let in. Empty: any.
  std::function<bool(std::string_view)> host_ok = {};
  io::HttpClientOptions client = {};
};

/// What the requests of one proxy share, and the faults that hit what stands by itself. On the
/// worker's thread only.
class Engine {
 public:
  Engine(io::Worker& worker, ProxyOptions options, Tell tell);

  /// A fault that struck at a request.
  void struck(std::size_t index, const Flow& flow, std::uint64_t request, std::string detail = {});
  /// Strikes without a request: expire and restart at once, cut at the streams that are open.
  /// False: there was nothing to hit; it waits for the next request that fits (by hand, cut) or for
  /// its next time.
  bool strike(std::size_t index);
  /// Some fault given is about sessions, which only the legacy era has: clients that ask for the
  /// modern one are told that the server behind does not speak it.
  bool about_sessions() const { return about_sessions_; }
  /// Forgets one session.
  void expire(const Fault& fault, const std::string& session);
  /// The server goes down when the clock is woken. False: it is already on its way.
  bool restart(std::size_t index);
  /// Ends every open stream that `which` picks; how many there were.
  std::size_t end_streams(Flow::Ending how, const std::function<bool(const Flow&)>& which);
  core::Duration age() const;

  io::Worker& worker;
  const ProxyOptions options;
  Plan plan;
  VirtualSessions sessions;
  io::HttpClient client;
  std::list<Flow*> flows;
  std::uint64_t requests = 0;
  io::Event wake;                             ///< the clock has something new to look at
  std::optional<core::TimePoint> down_until;  ///< a restart is about to happen or happens

 private:
  void tell(Injection injection, std::size_t index);

  Tell tell_;
  core::TimePoint began_;
  bool about_sessions_;
};

}  // namespace mooring::chaos
