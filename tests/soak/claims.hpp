#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "soak/journal.hpp"

namespace mooring::soak {

/// What the caller of a counting tool was told.
enum class Claim : std::uint8_t { executed, not_executed, unknown };
std::string_view to_string(Claim claim);

/// What callers were told, beside what the servers' ledgers say was done. Keys are unique.
class Claims {
 public:
  /// Every file in the directory is a ledger (everything/ledger.hpp).
  explicit Claims(std::filesystem::path ledgers) : ledgers_(std::move(ledgers)) {}

  /// `evidence`: what the claim was read from.
  void add(std::string key, std::string tool, Claim claim, std::string evidence);
  /// Compares the two, and tells the journal what was not told before: a call of `count` that ran
  /// twice, a result of what never ran, a call that ran though it is said not to have.
  void check(Journal& journal);

  std::size_t executions() const { return executions_; }
  std::size_t repeated() const { return repeated_; }  ///< calls that ran more than once

 private:
  struct Told {
    std::string tool;
    Claim claim = Claim::unknown;
    std::string evidence;
  };
  struct Done {
    std::string tool;
    std::vector<std::string> where;
    bool reported = false;
  };

  void read_ledgers();
  void compare(const std::string& key, Done& done, Journal& journal);

  const std::filesystem::path ledgers_;
  std::mutex mutex_;  ///< of told_
  std::map<std::string, Told> told_;
  std::map<std::string, Done> done_;
  std::map<std::string, std::uintmax_t> read_;  ///< bytes of each ledger
  std::size_t executions_ = 0;
  std::size_t repeated_ = 0;
};

}  // namespace mooring::soak
