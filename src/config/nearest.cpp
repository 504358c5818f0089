#include "config/nearest.hpp"

#include <algorithm>

#include "config/values.hpp"

namespace mooring::config {
namespace {

std::string plain(std::string_view key) {
  std::string out;
  for (const char c : lower(key)) {
    if (c != '_' && c != '-' && c != '.') out += c;
  }
  return out;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

std::optional<std::string> nearest_key(
    std::string_view written, const std::vector<std::string>& known
) {
  const std::string wanted = plain(written.substr(0, 64));
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(wanted.size() / 3, 1) + 1;
  auto consider = [&](const std::string& key, std::string_view part) {
    const std::size_t distance = edit_distance(wanted, plain(part));
    if (distance >= best_distance) return;
    best_distance = distance;
    best = key;
  };
  for (const std::string& key : known) {
    consider(key, key);
    const std::size_t dot = key.rfind('.');
    if (dot != std::string::npos) consider(key, std::string_view(key).substr(dot + 1));
  }
  return best;
}

}  // namespace mooring::config
