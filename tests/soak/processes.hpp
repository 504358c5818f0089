#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::soak {

/// What a process costs at this moment.
struct Vitals {
  std::size_t rss_kib = 0;
  std::size_t descriptors = 0;
  std::size_t threads = 0;
};
Vitals vitals(pid_t pid);

/// Processes that live and have `word` among the words of their command line.
std::vector<pid_t> with_word(std::string_view word);
/// The first word of the command line.
std::string program(pid_t pid);

/// A process held by a descriptor, so that a signal never reaches another that got its number.
class Held {
 public:
  explicit Held(pid_t pid);
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  void signal(int number) const;

 private:
  int descriptor_;
};

}  // namespace mooring::soak
