#pragma once

#include "fake_server.hpp"

/// What a FakeServer does with a request, in the words of the tests.
namespace mooring::upstream {

inline FakeServer::Step ends_in(Failure failure) {
  return
      [failure](FakeServer::Ask) -> awaitable<transport::Outcome> { co_return outcome(failure); };
}
inline FakeServer::Step answers(std::string result) {
  return [result](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_return outcome(protocol::make_result(ask.request.id, result));
  };
}
/// A JSON-RPC error as an ordinary answer.
inline FakeServer::Step says(int code, std::string message) {
  return [code, message](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_return outcome(protocol::make_error(ask.request.id, code, message));
  };
}
/// Waits until `server.released` is set, then does `step`.
inline FakeServer::Step when_released(FakeServer& server, FakeServer::Step step) {
  return [&server, step](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_await server.released.wait();
    co_return co_await step(ask);
  };
}

/// The complete answer to a request that carried our session id.
inline Failure http_answer(int status, std::string body = {}) {
  auto failure = http_failure(status);
  failure.sent_session_id = true;
  failure.body = std::move(body);
  return failure;
}
/// 400 with words nobody can tell apart.
inline Failure ambiguous() { return http_answer(400, "Bad Request: something is odd"); }

}  // namespace mooring::upstream
