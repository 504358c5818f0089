#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "auth/exchange.hpp"
#include "auth/server/endpoint.hpp"

namespace mooring::test_auth {

/// An answer in place of the right one. Status 0: none at all, the connection breaks.
struct Fault {
  int status = 503;
  std::string body;
  auth::Headers headers;

  static Fault unavailable();                    ///< 503, empty
  static Fault busy(std::chrono::seconds wait);  ///< 429 with Retry-After
  static Fault page(int status = 200);           ///< a web page of a proxy that knows better
  static Fault huge();                           ///< 200, 10 MB of JSON
  static Fault refusal(const std::string& code, int status = 400);  ///< RFC 6749 §5.2
  static Fault silence();                                           ///< status 0
};

/// Faults in store, by endpoint. For each endpoint they come in the order they were asked for.
class Faults {
 public:
  /// The next `times` requests are answered so and reach nothing behind it.
  void fail_next(Endpoint where, int times, Fault fault);
  /// The next `times` requests do their work, and then the answer is lost on its way.
  void lose_next(Endpoint where, int times);
  void clear();

  // For the models; each takes one from the store.
  std::optional<auth::Reply> failure(Endpoint where);
  bool loses(Endpoint where);

 private:
  struct Some {
    Fault fault;
    int times = 0;
  };
  std::map<Endpoint, std::deque<Some>> failures_;
  std::map<Endpoint, int> losses_;
};

/// What a client sees of an answer that never came.
auth::Reply no_answer();

}  // namespace mooring::test_auth
