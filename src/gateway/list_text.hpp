#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "upstream/catalogue.hpp"

/// Lists in the form in which they lie ready, so that a request for one costs little more than its
/// bytes.
namespace mooring::gateway {

/// The era of the client that asks.
enum class Era : std::uint8_t { legacy, modern };

/// A raw result object in pieces, in order. They belong to whoever gave them.
using Pieces = std::vector<std::string_view>;
std::string joined(const Pieces& pieces);
/// They come to the same when joined. What lies at the same place is not read.
bool same_bytes(const Pieces& a, const Pieces& b);

/// What begins the result object of a list: `{"tools":[`.
std::string list_opening(upstream::ListKind kind);
/// The members that end it for modern clients: `,"ttlMs":…,"cacheScope":…,"resultType":…}`
/// (2026-07-28 "Caching").
std::string modern_ending(const upstream::CacheHints& hints);

/// One raw result object, and what is different of it for modern clients.
class ListText {
 public:
  ListText(std::string result, const upstream::CacheHints& hints);

  const std::string& result() const { return result_; }
  Pieces pieces(Era era) const;

 private:
  std::string result_;
  std::size_t shared_;  ///< so many of its bytes are the same in both eras
  std::string modern_;  ///< what follows on them in the modern one
};

}  // namespace mooring::gateway
