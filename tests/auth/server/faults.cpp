#include "auth/server/faults.hpp"

#include <fmt/format.h>

namespace mooring::test_auth {

Fault Fault::unavailable() { return {503, {}, {}}; }

Fault Fault::busy(std::chrono::seconds wait) {
  return {429, {}, {{"Retry-After", std::to_string(wait.count())}}};
}

Fault Fault::page(int status) {
  return {
      status,
      "<!doctype html><html><body><h1>Something went wrong</h1></body></html>",
      {{"Content-Type", "text/html"}}
  };
}

Fault Fault::huge() {
  constexpr std::size_t bytes = 10'000'000;
  return {
      200,
      R"({"access_token":"huge","padding":")" + std::string(bytes, 'x') + "\"}",
      {{"Content-Type", "application/json"}}
  };
}

Fault Fault::refusal(const std::string& code, int status) {
  return {status, fmt::format(R"({{"error":"{}"}})", code), {{"Content-Type", "application/json"}}};
}

Fault Fault::silence() { return {0, {}, {}}; }

void Faults::fail_next(Endpoint where, int times, Fault fault) {
  if (times > 0) failures_[where].push_back({std::move(fault), times});
}

void Faults::lose_next(Endpoint where, int times) { losses_[where] += times; }

void Faults::clear() {
  failures_.clear();
  losses_.clear();
}

std::optional<auth::Reply> Faults::failure(Endpoint where) {
  auto& all = failures_[where];
  if (all.empty()) return std::nullopt;
  auto& first = all.front();
  auth::Reply reply;
  if (first.fault.status == 0) {
    reply = no_answer();
  } else {
    reply.status = first.fault.status;
    reply.headers = first.fault.headers;
    reply.body = first.fault.body;
  }
  if (--first.times == 0) all.pop_front();
  return reply;
}

bool Faults::loses(Endpoint where) {
  auto& left = losses_[where];
  if (left == 0) return false;
  --left;
  return true;
}

auth::Reply no_answer() {
  auth::Reply reply;
  reply.error = "connection reset by peer";
  return reply;
}

}  // namespace mooring::test_auth
