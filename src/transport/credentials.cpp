#include "transport/credentials.hpp"

namespace mooring::transport {

Credentials::Credentials(Headers configured) {
  Value first;
  first.version = version_.load(std::memory_order_relaxed);
  first.headers = std::move(configured);
  value_ = std::make_shared<const Value>(std::move(first));
}

std::shared_ptr<const Credentials::Value> Credentials::current() const {
  const std::lock_guard lock(mutex_);
  return value_;
}

void Credentials::set_headers(Headers configured) {
  auto value = *current();
  if (value.headers == configured) return;
  value.headers = std::move(configured);
  publish(std::move(value));
}

void Credentials::set_token(std::string token, std::shared_ptr<ProofOfPossession> proof) {
  auto value = *current();
  if (value.token == token && value.proof == proof) return;
  value.token = std::move(token);
  value.proof = std::move(proof);
  publish(std::move(value));
}

void Credentials::publish(Value value) {
  ++value.version;
  const auto version = value.version;
  auto next = std::make_shared<const Value>(std::move(value));
  {
    const std::lock_guard lock(mutex_);
    value_ = std::move(next);
  }
  version_.store(version, std::memory_order_release);
}

}  // namespace mooring::transport
