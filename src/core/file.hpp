#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <mooring/result.hpp>
#include <string>
#include <string_view>

namespace mooring::core {

/// The whole file. More than `max` bytes: Reason::limit. Other failures: Reason::io, naming the
/// path and the cause.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max);
/// Writes beside `path`, syncs, renames over it: readers see the old or the new bytes, never a
/// mixture.
Result<void> write_file_atomic(
    const std::filesystem::path& path, std::string_view bytes, mode_t mode = 0600
);
/// Makes the directory and its parents (0700). One that exists must belong to us and not be
/// writable for others.
Result<void> ensure_private_dir(const std::filesystem::path& path);

}  // namespace mooring::core
