#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mooring::cli {

/// One thing that was looked at by `test` or `doctor`.
struct Check {
  enum class Verdict { ok, warn, failed } verdict = Verdict::ok;
  std::string subject;
  std::string detail;  ///< what was found; with a warning or a failure also what to do
};

/// Keeps checks, and shows each as it comes unless JSON is wanted at the end.
class Checks {
 public:
  explicit Checks(bool json) : json_(json) {}

  void ok(std::string subject, std::string detail) {
    add({Check::Verdict::ok, std::move(subject), std::move(detail)});
  }
  void warn(std::string subject, std::string detail) {
    add({Check::Verdict::warn, std::move(subject), std::move(detail)});
  }
  void failed(std::string subject, std::string detail) {
    add({Check::Verdict::failed, std::move(subject), std::move(detail)});
  }
  void add(Check check);

  bool any_failed() const;
  /// With JSON: `[{"subject","verdict","detail"}]`.
  void finish() const;

 private:
  bool json_;
  std::vector<Check> all_;
};

}  // namespace mooring::cli
