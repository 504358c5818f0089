#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/contribution.hpp"

namespace mooring::gateway {

/// One server's part of one list of the aggregate, ready to be joined with those of the others.
class Portion {
 public:
  struct Entry {
    std::string name;         ///< its public name; of resources and templates their URI
    std::string key;          ///< its own name; nothing for resources and templates
    bool exact = false;       ///< as Named::exact
    std::uint32_t begin = 0;  ///< of its definition in the text
    std::uint32_t size = 0;
    bool operator==(const Entry&) const = default;
  };

  void add(Entry entry, std::string_view definition);
  /// After the last; nothing is looked up before. For tools also prepares what legacy clients get.
  void finish(upstream::ListKind kind);

  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view definition(const Entry& entry) const {
    return std::string_view(text_).substr(entry.begin, entry.size);
  }
  const Entry* find(std::string_view name) const;
  /// All definitions, separated by commas.
  std::string_view text() const { return text_; }
  /// The same without what only the modern era knows.
  std::string_view legacy_text() const { return legacy_text_.empty() ? text_ : legacy_text_; }
  bool operator==(const Portion& other) const {
    return text_ == other.text_ && entries_ == other.entries_;
  }

 private:
  std::vector<Entry> entries_;
  std::string text_, legacy_text_;
  std::vector<std::uint32_t> by_name_;  ///< positions in entries_, in order of their names
};
using PortionPtr = std::shared_ptr<const Portion>;

/// The capabilities that count at `/mcp`.
struct Features {
  bool tools = false, prompts = false, resources = false, subscribe = false;
  bool logging = false, completions = false, tasks = false;

  /// What at least one of the two has.
  void add(const Features& other);
  std::string to_json() const;  ///< ServerCapabilities
};

/// What one server adds to the aggregate. Immutable; made anew when the server lists something
/// else, and a pure function of the contribution.
struct Share {
  std::array<PortionPtr, 4> portions;                        ///< by ListKind; empty: nothing
  std::array<std::optional<upstream::CacheHints>, 4> hints;  ///< of the lists that it offers
  Features features;
  bool modern = false;
  std::vector<std::string> warnings;  ///< for the log: names that meet, odd definitions

  const Portion* operator[](upstream::ListKind kind) const {
    return portions[static_cast<std::size_t>(kind)].get();
  }
};
using SharePtr = std::shared_ptr<const Share>;

/// What is the same in the share `before` is taken from there, so that one sees that it is.
SharePtr make_share(const Contribution& contribution, const Share* before = nullptr);

/// The portion with other public names, in the order of its entries; who has none is left out.
PortionPtr with_names(
    const Portion& portion, upstream::ListKind kind, const std::vector<std::string>& names
);

}  // namespace mooring::gateway
