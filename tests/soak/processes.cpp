#include "soak/processes.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/process.hpp"

namespace mooring::soak {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> words(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
  std::vector<std::string> all;
  for (std::string word; std::getline(file, word, '\0');) all.push_back(word);
  return all;
}

}  // namespace

Vitals vitals(pid_t pid) {
  Vitals now;
  const auto at = fs::path("/proc") / std::to_string(pid);
  std::ifstream status(at / "status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string name;
    std::size_t value = 0;
    fields >> name >> value;
    if (name == "VmRSS:") now.rss_kib = value;
    if (name == "Threads:") now.threads = value;
  }
  std::error_code error;
  for (fs::directory_iterator each(at / "fd", error), end; !error && each != end;
       each.increment(error)) {
    ++now.descriptors;
  }
  return now;
}

std::vector<pid_t> with_word(std::string_view word) {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator each("/proc", error), end; !error && each != end;
       each.increment(error)) {
    const auto name = each->path().filename().string();
    pid_t pid = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (read.ec != std::errc{} || read.ptr != name.data() + name.size()) continue;
    for (const auto& each_word : words(pid)) {
      if (each_word == word && integration::alive(pid)) {
        found.push_back(pid);
        break;
      }
    }
  }
  return found;
}

std::string program(pid_t pid) {
  const auto all = words(pid);
  return all.empty() ? std::string() : all.front();
}

Held::Held(pid_t pid) : descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

Held::~Held() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Held::signal(int number) const {
  if (descriptor_ >= 0) ::syscall(SYS_pidfd_send_signal, descriptor_, number, nullptr, 0);
}

}  // namespace mooring::soak
