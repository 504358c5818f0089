#include "gateway/list_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/json_edit.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::gateway {

namespace {

std::string_view scope(const upstream::CacheHints& hints) {
  return hints.shared ? R"("public")" : R"("private")";
}

/// A server of the legacy era has written what only the modern one knows.
bool has_modern_members(std::string_view result) {
  bool found = false;
  protocol::for_each_member(result, [&](std::string_view key, std::string_view) {
    found = is_key(key, "ttlMs") || is_key(key, "cacheScope") || is_key(key, "resultType");
    return !found;
  });
  return found;
}

}  // namespace

std::string joined(const Pieces& pieces) {
  std::string whole;
  for (const auto piece : pieces) whole += piece;
  return whole;
}

bool same_bytes(const Pieces& a, const Pieces& b) {
  auto left = a.begin(), right = b.begin();
  std::string_view here, there;  // what is left of a piece
  for (;;) {
    while (here.empty() && left != a.end()) here = *left++;
    while (there.empty() && right != b.end()) there = *right++;
    const auto size = std::min(here.size(), there.size());
    if (size == 0) return here.empty() && there.empty();
    if (here.data() != there.data() && here.substr(0, size) != there.substr(0, size)) return false;
    here.remove_prefix(size);
    there.remove_prefix(size);
  }
}

std::string list_opening(upstream::ListKind kind) {
  return fmt::format(R"({{"{}":[)", upstream::list_member(kind));
}

std::string modern_ending(const upstream::CacheHints& hints) {
  return fmt::format(
      R"(,"ttlMs":{},"cacheScope":{},"resultType":"complete"}})", hints.ttl_ms, scope(hints)
  );
}

ListText::ListText(std::string result, const upstream::CacheHints& hints)
    : result_(std::move(result)) {
  if (has_modern_members(result_)) {
    shared_ = 0;
    modern_ = protocol::with_member(result_, "ttlMs", std::to_string(hints.ttl_ms));
    modern_ = protocol::with_member(modern_, "cacheScope", scope(hints));
    if (!protocol::member(modern_, "resultType"))
      modern_ = protocol::with_member(modern_, "resultType", R"("complete")");
  } else {
    shared_ = result_.rfind('}');
    modern_ = modern_ending(hints);
  }
}

Pieces ListText::pieces(Era era) const {
  if (era == Era::legacy) return {result_};
  return {std::string_view(result_).substr(0, shared_), modern_};
}

}  // namespace mooring::gateway
