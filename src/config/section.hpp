#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/document.hpp"

namespace mooring::config {

/// Keys that may stand under one map, by path ("breaker.failures"), and what each does. In a file a
/// path may be written as nested maps or with dots.
class Section {
 public:
  using Setter = std::function<std::optional<Problem>(const Node& value)>;

  /// Several setters may be bound to one path; all are called.
  void bind(std::string path, Setter set);
  /// Calls the setters of what `map` holds, in file order. Unknown keys become problems that name
  /// the nearest known one.
  std::vector<Problem> apply(const Node& map) const;

 private:
  struct Binding {
    std::string path;
    Setter set;
  };

  void walk(const Node& map, const std::string& prefix, std::vector<Problem>& problems) const;
  Problem unknown(const Member& member, const std::string& prefix) const;
  std::vector<std::string> below(const std::string& prefix) const;

  std::vector<Binding> bindings_;
};

}  // namespace mooring::config
