#include "io/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

namespace mooring::io {

namespace {

bool is_number(const char* text) {
  return *text != '\0' &&
         std::all_of(text, text + std::strlen(text), [](char c) { return c >= '0' && c <= '9'; });
}

std::string read_file(const std::string& path) {
  std::string text;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return text;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = ::read(file, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(file);
  return text;
}

template <class Take>
void for_each_number_in(const std::string& directory, Take take) {
  DIR* const open = ::opendir(directory.c_str());
  if (open == nullptr) return;
  while (const dirent* entry = ::readdir(open)) {
    if (is_number(entry->d_name)) take(std::string(entry->d_name));
  }
  ::closedir(open);
}

/// From the kernel's own list.
std::vector<pid_t> listed_children(pid_t parent) {
  std::vector<pid_t> found;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  for_each_number_in(tasks, [&](const std::string& task) {
    const std::string list = read_file(tasks + "/" + task + "/children");
    const char* at = list.c_str();
    char* end = nullptr;
    for (long pid = std::strtol(at, &end, 10); end != at; pid = std::strtol(at, &end, 10)) {
      found.push_back(static_cast<pid_t>(pid));
      at = end;
    }
  });
  return found;
}

template <class Fits>
std::vector<pid_t> search(Fits fits) {
  std::vector<pid_t> found;
  for_each_number_in("/proc", [&](const std::string& name) {
    const pid_t pid = std::atoi(name.c_str());
    if (const auto facts = facts_of(pid); facts && fits(*facts)) found.push_back(pid);
  });
  return found;
}

}  // namespace

std::optional<ProcessFacts> facts_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');  // the name before it may hold anything
  if (name_end == std::string::npos || name_end + 4 >= stat.size()) return std::nullopt;
  ProcessFacts facts;
  facts.zombie = stat[name_end + 2] == 'Z' || stat[name_end + 2] == 'X';
  char* rest = nullptr;
  facts.parent = static_cast<pid_t>(std::strtol(stat.c_str() + name_end + 4, &rest, 10));
  std::strtol(rest, &rest, 10);  // the process group
  facts.session = static_cast<pid_t>(std::strtol(rest, &rest, 10));
  return facts;
}

std::vector<pid_t> children_of(pid_t parent) {
  // Not every kernel keeps the list.
  static const bool listed =
      ::access(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(), R_OK) == 0;
  if (listed) return listed_children(parent);
  return search([parent](const ProcessFacts& facts) { return facts.parent == parent; });
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::vector<pid_t> all = children_of(ancestor);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const pid_t child : children_of(all[i])) {
      if (std::find(all.begin(), all.end(), child) == all.end()) all.push_back(child);
    }
  }
  return all;
}

std::vector<pid_t> members_of_session(pid_t session) {
  return search([session](const ProcessFacts& facts) { return facts.session == session; });
}

}  // namespace mooring::io
