#include "core/log.hpp"

#include <fmt/chrono.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "core/json_quote.hpp"
#include "core/redact.hpp"

namespace mooring::core::log {
namespace {

std::atomic<Level> current_level{Level::warn};
std::atomic<Format> current_format{Format::text};

constexpr std::array<std::string_view, 6> names = {"trace", "debug", "info",
                                                   "warn",  "error", "off"};

std::string_view name_of(Level level) { return names[static_cast<std::size_t>(level)]; }

spdlog::logger& logger() {
  // Never destroyed: threads may still log while statics go away.
  static auto* const instance = [] {
    auto* made = new spdlog::logger("mooring", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), millis
  );
}

/// One entry is one line, whatever an upstream put into the text; terminal escapes are defused as
/// well.
void append_on_one_line(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
}

std::string as_json(Level level, std::string_view component, std::string_view message) {
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","component":)", timestamp(), name_of(level));
  append_json_quoted(line, component);
  line += ",\"message\":";
  append_json_quoted(line, message);
  line += '}';
  return line;
}

std::string as_text(Level level, std::string_view component, std::string_view message) {
  std::string line = fmt::format("{} {:<5} ", timestamp(), name_of(level));
  append_on_one_line(line, component);
  line += ": ";
  append_on_one_line(line, message);
  return line;
}

}  // namespace

void configure(Level level, Format format) {
  current_level.store(level, std::memory_order_relaxed);
  current_format.store(format, std::memory_order_relaxed);
}

Level level() { return current_level.load(std::memory_order_relaxed); }

bool parse_level(std::string_view text, Level& out) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != text) continue;
    out = static_cast<Level>(i);
    return true;
  }
  return false;
}

void write(Level level, std::string_view component, std::string_view message) {
  if (level == Level::off) return;
  const std::string clean = redact(message);
  const bool json = current_format.load(std::memory_order_relaxed) == Format::json;
  const std::string line =
      json ? as_json(level, component, clean) : as_text(level, component, clean);
  logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace mooring::core::log
