#pragma once

#include "upstream/supervisor.hpp"

namespace mooring::upstream {

/// Takes what the server says on its own, or while one of our own requests is in flight.
struct Supervisor::OwnSink final : transport::Sink {
  explicit OwnSink(Supervisor& owner) : supervisor(owner) {}
  awaitable<void> message(protocol::Frame frame) override;

  Supervisor& supervisor;
};

}  // namespace mooring::upstream
