#pragma once

#include <cstdint>
#include <functional>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/reading.hpp"

namespace mooring::config {

enum class KeyType : std::uint8_t {
  duration,
  count,
  size,
  boolean,
  text,
  path,      ///< text; relative to the directory of the file it stands in
  list,      ///< of texts; a single text is a list of one
  words,     ///< a list, or a command line that is split into one
  text_map,  ///< names to texts
  choice,
  tokens,  ///< gateway.auth.tokens
};

/// One key the operator may write. The table of these is the only place that knows a key's name,
/// form, default and meaning: the parser, docs/config.md and docs/config.schema.json are made from
/// it.
template <class Target>
struct Key {
  using Set = std::function<std::optional<Problem>(Target&, const Node&, Reading&)>;

  std::string path;
  KeyType type = KeyType::text;
  std::string doc;                ///< one or two sentences
  std::string default_json = {};  ///< as it would be written in JSON; empty where there is none
  std::vector<std::string> choices = {};
  long long min = 0;  ///< of a count
  long long max = 0;
  bool own = false;  ///< of a server: makes no sense as a default for all
  Set set = {};
};

const std::vector<Key<GatewayConfig>>& gateway_keys();
const std::vector<Key<UpstreamConfig>>& server_keys();

/// A key that other clients write.
struct ForeignKey {
  std::string path;
  std::string doc;
  std::string schema;  ///< its JSON Schema
};
const std::vector<ForeignKey>& foreign_server_keys();
const std::vector<ForeignKey>& foreign_top_keys();

/// docs/config.md and docs/config.schema.json.
std::string markdown();
std::string json_schema();

}  // namespace mooring::config
