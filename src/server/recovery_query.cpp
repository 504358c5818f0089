#include "server/recovery_query.hpp"

#include <charconv>

#include "core/percent.hpp"
#include "core/rfc3339.hpp"

namespace mooring::server {

namespace {
constexpr std::size_t most = 1000;
}

Result<store::HistoryQuery> recovery_query(std::string_view query) {
  store::HistoryQuery wanted;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const auto equals = part.find('=');
    const auto key = part.substr(0, equals);
    const auto value = core::percent_decode(
        equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1)
    );
    if (key == "server") {
      wanted.server = value;
    } else if (key == "limit") {
      const auto [end, error] =
          std::from_chars(value.data(), value.data() + value.size(), wanted.limit);
      const bool number = error == std::errc{} && end == value.data() + value.size();
      if (!number || wanted.limit < 1 || wanted.limit > most) {
        return fail(Reason::usage, "limit is a number from 1 to 1000");
      }
    } else if (key == "since") {
      wanted.since = core::parse_rfc3339(value);
      if (!wanted.since) {
        return fail(Reason::usage, "since is a time like 2027-01-15T08:00:00Z");
      }
    }
  }
  return wanted;
}

}  // namespace mooring::server
