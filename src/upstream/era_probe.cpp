#include "upstream/era_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "protocol/json_scan.hpp"
#include "protocol/modern.hpp"
#include "upstream/evidence.hpp"

namespace mooring::upstream {

namespace {

using What = EraVerdict::What;

/// Nothing: no array of strings.
std::optional<std::vector<std::string>> versions(std::string_view object, std::string_view key) {
  const auto array = protocol::member(object, key);
  if (!array || !protocol::is_array(*array)) return std::nullopt;
  std::vector<std::string> all;
  bool strings = true;
  protocol::for_each_element(*array, [&](std::string_view each) {
    strings = protocol::is_string(each);
    if (strings) all.push_back(protocol::unescape(each));
    return strings;
  });
  if (!strings) return std::nullopt;
  return all;
}

bool any_legacy(const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [](const std::string& name) {
    const auto version = protocol::parse_version(name);
    return version && !protocol::is_modern(*version);
  });
}

EraVerdict by_versions(const std::optional<std::vector<std::string>>& names, What where_ours) {
  EraVerdict verdict;
  verdict.what = What::legacy;
  if (!names || names->empty()) return verdict;
  if (std::ranges::find(*names, protocol::to_string(protocol::latest_modern)) != names->end()) {
    verdict.what = where_ours;
  } else if (!any_legacy(*names)) {
    verdict.what = What::incompatible;
    verdict.why = fmt::format(
        "the server speaks only protocol {}, which this version of Mooring does not speak; "
        "look for a newer one",
        fmt::join(*names, ", ")
    );
  }
  return verdict;
}

EraVerdict of_error(const protocol::Frame& answer) {
  const auto code = protocol::member(answer.error(), "code").value_or("");
  if (code != std::to_string(protocol::unsupported_protocol_version)) {
    EraVerdict verdict;
    verdict.what = What::legacy;
    return verdict;
  }
  const auto data = protocol::member(answer.error(), "data").value_or("{}");
  return by_versions(versions(data, "supported"), What::again);
}

/// The server answered, and not in words of its own trouble.
bool is_an_answer(const recovery::Failure& failure) {
  const int status = failure.http_status.value_or(0);
  const bool of_the_moment = status == 401 || status == 403 || status == 408 || status == 425 ||
                             status == 429 || status >= 500;
  return failure.in_band || (status != 0 && !of_the_moment && !failure.stage && !failure.aborted);
}

}  // namespace

EraVerdict read_probe(const transport::Outcome& outcome, bool over_stdio) {
  EraVerdict verdict;
  if (outcome.failure) {
    const auto& failure = *outcome.failure;
    if (const auto inside = answer_inside(failure, "0"); inside && is_an_answer(failure))
      return of_error(*inside);
    const bool gone = over_stdio && !failure.aborted;
    if (gone || is_an_answer(failure)) verdict.what = What::legacy;
    return verdict;
  }
  if (!outcome.response) return verdict;
  const auto& answer = *outcome.response;
  if (answer.kind() == protocol::Frame::Kind::error) return of_error(answer);
  verdict = by_versions(versions(answer.result(), "supportedVersions"), What::modern);
  if (verdict.what == What::modern) verdict.server = read_discover_result(answer.result());
  return verdict;
}

}  // namespace mooring::upstream
