#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mooring::core {

/// Where randomness comes from, so that tests can repeat it.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;

  double uniform01();                    ///< in [0, 1)
  std::string bytes(std::size_t count);  ///< raw
  std::string token(std::size_t bytes);  ///< base64url without padding, of so many random bytes
};

/// The operating system's, through OpenSSL; fit for keys and tokens. Safe from any thread; ends the
/// process when there is none.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
};

/// A repeatable sequence (SplitMix64), for tests and simulations. Never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

/// A shared SystemRandom.
Random& system_random();

}  // namespace mooring::core
