#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "chaos/expiry_dialect.hpp"
#include "core/random.hpp"

namespace mooring::chaos {

/// The session ids that clients know, each standing for one of the upstream's. What is forgotten
/// here is gone for the client while the upstream notices nothing.
class VirtualSessions {
 public:
  explicit VirtualSessions(core::Random& random) : random_(random) {}

  /// The id that stands for an upstream's session; made at first sight.
  const std::string& id_for(std::string_view upstream_id);
  /// The upstream's id. Null: unknown or forgotten.
  const std::string* upstream_id(std::string_view id) const;
  /// How a forgotten session is answered. Null: it stands, or was never known; of the forgotten
  /// ones the last 10,000 are remembered.
  const ExpiryDialect* forgotten(std::string_view id) const;

  void forget(std::string_view id, const ExpiryDialect& dialect);
  std::size_t forget_all(const ExpiryDialect& dialect);  ///< how many there were
  void end(std::string_view id);                         ///< closed by its client
  /// An id that stands for nothing and never did.
  std::string dead_id(const ExpiryDialect& dialect);

  std::size_t size() const { return by_id_.size(); }
  std::uint64_t begun() const { return begun_; }  ///< all there ever were

 private:
  std::string fresh_id() { return "chaos-" + random_.token(16); }
  void remember(std::string id, const ExpiryDialect& dialect);

  core::Random& random_;
  std::map<std::string, std::string, std::less<>> by_id_;
  std::map<std::string, std::string, std::less<>> by_upstream_;
  std::map<std::string, const ExpiryDialect*, std::less<>> forgotten_;
  std::uint64_t begun_ = 0;
  std::deque<std::string> oldest_;  ///< of the forgotten, first forgotten first
};

}  // namespace mooring::chaos
