#pragma once

#include <filesystem>
#include <mooring/result.hpp>
#include <string_view>

namespace mooring::everything {

/// A file that holds one line for each execution of the count tools, `TOOL KEY`, KEY as JSON. A
/// line is there before its call is answered, and stays however the process ends; several
/// processes may share a file.
class Ledger {
 public:
  Ledger() = default;
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Without it, nothing is written.
  Result<void> open(const std::filesystem::path& path);
  /// False where the line could not be written.
  bool add(std::string_view tool, std::string_view key);

 private:
  int file_ = -1;
};

}  // namespace mooring::everything
