#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace mooring::core::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };

/// Where log lines go: stderr, one line each, never stdout (it carries the protocol with `serve
/// --stdio`). Every line passes the redactor (core/redact.hpp) first. Safe from any thread.
void configure(Level level, Format format);
Level level();
/// "trace" … "off"; false when `text` is none of them.
bool parse_level(std::string_view text, Level& out);

void write(Level level, std::string_view component, std::string_view message);

template <class... Args>
void log(Level at, std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (at < level()) return;
  write(at, component, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(Level::debug, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(Level::info, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(Level::warn, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(Level::error, component, format, std::forward<Args>(args)...);
}

}  // namespace mooring::core::log
